from django.apps import AppConfig


class KamenConfig(AppConfig):
    name = "kamen"
    default = True

    def ready(self) -> None:
        """Load the worker (so that tasks know their broker) and tie the hooks of lower rooms to the rooms above."""
        from kamen import wiring, worker  # noqa: F401

        wiring.connect()


class Bare(AppConfig):
    """The commands alone, for what needs no mall (kamen/settings/bare.py)."""

    name = "kamen"
