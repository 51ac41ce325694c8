"""Pages of the rulebook: the public center (`center`), where anybody can read it, calculate and check a text."""
