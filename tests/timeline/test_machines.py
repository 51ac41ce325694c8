import pytest
from django.db import models

from timeline.hooks import Hook
from timeline.machines import Machine, machines


class Light(models.TextChoices):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


@pytest.fixture
def build():
    """Makes machines that are forgotten after the test."""
    made: list[str] = []

    def build(**changes):
        name = changes.pop("name", f"light{len(made)}")
        machine = Machine(
            **{
                "name": name,
                "states": Light,
                "first": "off",
                "steps": {"off": {"on"}, "on": {"off", "broken"}},
                "owners": {"off": "buyer", "on": "buyer"},
                "limits": {"on": "BURN"},
                "patient": {"off": "nobody needs light"},
                **changes,
            }
        )
        made.append(name)
        return machine

    yield build
    for name in made:
        del machines[name], Hook.declared[f"{name}.expired"]


def test_every_machine_of_the_mall_is_sound():
    assert machines, "no machine has been declared"
    assert {name: machine.faults() for name, machine in machines.items() if machine.faults()} == {}


def test_a_sound_machine_has_no_faults(build):
    assert build().faults() == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"owners": {"on": "buyer"}}, "off has no owner"),
        ({"limits": {}}, "on has neither a clock nor a reason to wait"),
        ({"steps": {"off": {"on"}, "on": {"off"}}}, "broken cannot be reached"),
        ({"steps": {"off": {"on"}, "on": {"dim"}}}, "dim is not a state of light0"),
        ({"limits": {"on": "BURN", "broken": "REPAIR"}}, "broken is terminal, but has a clock or an owner"),
        ({"steps": {"off": {"on", "broken"}, "on": {"on"}}}, "on has no way to an end"),
    ],
)
def test_an_unsound_machine_says_what_is_wrong(build, change, fault):
    assert fault in build(**change).faults()


def test_two_machines_cannot_share_a_name(build):
    build()
    with pytest.raises(ValueError, match="declared twice"):
        build(name="light0")


def test_a_hook_that_nobody_tied_says_so_instead_of_doing_nothing(build):
    with pytest.raises(LookupError, match="kamen/wiring.py"):
        build().expired(None, limit="BURN", at=None)


def test_a_hook_is_tied_to_exactly_one_function(build):
    hook = build().expired
    hook.tie(print)
    hook.tie(print)
    with pytest.raises(ValueError, match="tied already"):
        hook.tie(len)


def test_every_hook_of_the_mall_is_tied():
    never_lapse = {f"{machine.name}.expired" for machine in machines.values() if not machine.limits}
    untied = {name for name, hook in Hook.declared.items() if hook.function is None}
    assert untied - never_lapse == set()
