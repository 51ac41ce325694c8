"""An order, its units, escrow, delivery, reveal, conversation, files and facts."""
