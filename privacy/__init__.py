"""What the mall knows of people: how long, why, what destroys it, and what people may ask about it."""
