"""Sellers: shops, deposits, listings, promises, the vault of cards."""
