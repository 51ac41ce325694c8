"""Staff hear both sides and rule; appeals; the bundle of evidence."""
