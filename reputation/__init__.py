"""Levels, metrics, risk, batch alarm, ratings, transparency."""
