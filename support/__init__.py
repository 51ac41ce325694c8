"""A person of the mall to talk to, at any order and case: within ten minutes, with the story already read."""
