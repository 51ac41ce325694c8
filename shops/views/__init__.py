"""Pages of shops: who sells here (`shops`), what they sell (`listings`), and their own desks (`desk`)."""
