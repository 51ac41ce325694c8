"""Pages that span rooms: home, shop desk, lead's board, finance, audit. No models."""
