"""`manage.py decide`: the simulator answers without a mall, or says what is wrong and nothing else."""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from rulebook.defaults import DATA, default_data

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "golden_cases.json").read_text(encoding="utf-8"))
INPUTS = [case["input"] for case in GOLDEN]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The mall's code alone: no .env, no .local, nothing a demo has made."""
    home = tmp_path_factory.mktemp("decide") / "mall"
    home.mkdir()
    shutil.copy(settings.BASE_DIR / "manage.py", home)
    for room in (*settings.ROOMS, "kamen", "locale"):
        shutil.copytree(settings.BASE_DIR / room, home / room, ignore=shutil.ignore_patterns("__pycache__"))
    return home


@pytest.fixture
def ask(bare, tmp_path):
    """Decide cases in a process that has no environment at all."""

    def run(cases, *words, rules=None):
        (tmp_path / "cases.json").write_text(cases if isinstance(cases, str) else json.dumps(cases), encoding="utf-8")
        if rules is not None:
            (tmp_path / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
        file = DATA / "rulebook.json" if rules is None else tmp_path / "rules.json"
        return subprocess.run(
            [
                *(sys.executable, "-W", "error", "-B", bare / "manage.py", "decide", tmp_path / "cases.json"),
                *("--rulebook", file, *words),
            ],
            cwd=tmp_path,
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_the_worked_cases_come_out_with_the_same_keys_and_the_arithmetic(ask):
    done = ask(INPUTS)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [{key: value for key, value in each.items() if key != "explain"} for each in told] == [
        case["expected"] for case in GOLDEN
    ]
    assert all(each["explain"] for each in told)
    assert "¥49.00" in told[0]["explain"][0]


@pytest.mark.parametrize(
    ("bend", "named"),
    [
        ({"reason": "BAD_MOOD"}, "unknown_reason at reason"),
        ({"kind": "CARD"}, "unknown_kind at kind"),
        ({"state": "LOST"}, "unknown_state at state"),
        ({"level": "M9"}, "unknown_level at level"),
        ({"paid": -1}, "bad_amount at paid"),
        ({"paid": 49.0}, "bad_amount at paid"),
        ({"paid": None}, "bad_amount at paid"),
        ({"facts": {"consumed": 31, "total": 30}}, "impossible_quantities at facts.consumed"),
        ({"facts": {"promise_min": 1.5}}, "bad_fact at facts.promise_min"),
        ({"facts": {"mood": 1}}, "unknown_fact at facts.mood"),
        ({"colour": "red"}, "unknown_key at colour"),
    ],
)
def test_a_malformed_case_is_named_and_nothing_is_printed(bend, named, tmp_path, capsys):
    from django.core.management import CommandError

    (tmp_path / "cases.json").write_text(json.dumps([INPUTS[0], {**INPUTS[1], **bend}]))
    with pytest.raises(CommandError) as error:
        call_command("decide", str(tmp_path / "cases.json"), rulebook=str(DATA / "rulebook.json"))
    assert named in str(error.value)
    assert "G02" in str(error.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["", "{", '{"paid": 1}', "[NaN]", '[{"paid": 1, "paid": 2}]', "[1]"])
def test_a_file_that_holds_no_cases_is_refused_with_a_message(ask, text):
    done = ask(text)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_a_draft_with_faults_is_refused_with_every_place(ask):
    rules = copy.deepcopy(default_data())
    rules["levels"]["M2"]["sealed_fee_bp"] = 3.5
    rules["matrix"][3]["kinds"][1] = "FOO"
    done = ask(INPUTS, rules=rules)
    assert (done.returncode, done.stdout) == (1, "")
    assert "levels.M2.sealed_fee_bp" in done.stderr
    assert "matrix[3].kinds[1]" in done.stderr
    assert "POINT_CARD" in done.stderr


def test_a_draft_is_held_against_a_version_and_only_what_changes_is_listed(tmp_path, capsys):
    rules = copy.deepcopy(default_data())
    rules["levels"]["M1"]["sealed_fee_bp"] = 400
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    (tmp_path / "cases.json").write_text(json.dumps(INPUTS))
    call_command("decide", str(tmp_path / "cases.json"), rulebook=str(tmp_path / "rules.json"), against="default")
    told = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in told]
    assert all(each["changed"]["fee"]["after"] < each["changed"]["fee"]["before"] for each in told)
