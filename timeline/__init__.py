"""The ground floor: what state a thing is in, until when, what happened to it, what time it is."""
