"""The web process."""

from django.core.wsgi import get_wsgi_application

from kamen import startup

startup.settings_module()
startup.read_settings()
application = get_wsgi_application()
startup.check()
