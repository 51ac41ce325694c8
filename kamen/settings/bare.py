"""Settings for what needs no mall (`manage.py due`): no server, no secret, nothing from outside."""

TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = False
INSTALLED_APPS = ["kamen.apps.Bare"]
DATABASES: dict[str, object] = {}
