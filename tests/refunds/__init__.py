"""The story of refund cases."""
