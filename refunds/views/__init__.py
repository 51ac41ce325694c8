"""Pages of refunds: the three steps of a claim (`claims`), cases (`cases`), and a shop's queue (`queue`)."""
