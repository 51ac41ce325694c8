"""Nouns of people."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Anybody who signs in. Everybody is a buyer; some own shops, some work for the mall."""
