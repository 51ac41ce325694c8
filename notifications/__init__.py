"""Tells people and machines what happened: inbox, mail, webhooks."""
