"""Pages of disputes: as the two sides see a case (`cases`), as the staff work on it (`bench`), and their words."""
