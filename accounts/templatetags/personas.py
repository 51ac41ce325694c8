"""What the sign-in pages show of the demo's people; outside the demo, nothing."""

from typing import Any

from django import template
from django.conf import settings

from accounts import personas

register = template.Library()


@register.simple_tag
def demo_people() -> list[personas.Persona]:
    """Whom a newcomer to the demo can be."""
    return personas.PERSONAS if settings.DEMO else []


@register.simple_tag
def demo_password() -> str:
    """The password of every persona."""
    return personas.PASSWORD if settings.DEMO else ""


@register.simple_tag(takes_context=True)
def demo_code(context: dict[str, Any]) -> str:
    """The second factor of the persona who is signing in or asked again."""
    request = context["request"]
    stage = getattr(request, "_login_stage", None)
    user = stage.login.user if stage else request.user
    return personas.current_code() if settings.DEMO and user.is_authenticated and personas.is_persona(user) else ""
