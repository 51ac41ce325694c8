"""Pages of reputation: levels, recalls, ratings, risk, transparency."""
