from django.apps import AppConfig
from django.core.checks import register


class ShopsConfig(AppConfig):
    name = "shops"

    def ready(self) -> None:
        """`manage.py check --deploy` looks at the vault's keys."""
        from shops import checks

        register(checks.vault_keys, "security", deploy=True)
