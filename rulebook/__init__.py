"""Who is liable, which tier, how many fen, and why; clocks and versions."""
