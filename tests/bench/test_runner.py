"""The runner of the benchmarks: what it counts is what was done. No figure is judged here."""

import json

import pytest

from bench import report
from bench.clients import Crew, Run


@pytest.fixture(scope="module")
def crew():
    with Crew(2) as found:
        yield found


def test_clients_work_until_they_are_out_of_work_and_are_counted_together(crew):
    run = crew.run("tests.bench.work:some", clients=2, seconds=20, times=3)
    assert (run.done, run.errors, len(run.latencies)) == (6, {}, 6)
    assert 0 < run.seconds < 10


def test_what_fails_is_counted_and_named_and_is_no_success(crew):
    run = crew.run("tests.bench.work:some", clients=2, seconds=20, times=3, fails=True)
    assert (run.done, run.errors) == (4, {"ValueError: the last one": 2})


def test_each_client_has_its_share(crew):
    shares = [{"add": 10}, {"add": 20}]
    assert crew.call("tests.bench.work:who", clients=2, shares=shares) == [10, 21]


def test_a_client_that_cannot_begin_says_why(crew):
    with pytest.raises(RuntimeError, match="nothing_like_it"):
        crew.run("tests.bench.work:nothing_like_it", clients=1, seconds=1)
    assert crew.call("tests.bench.work:who", clients=1, add=1) == [1]


def test_a_percentile_is_one_of_the_latencies_in_milliseconds():
    run = Run(latencies=[place / 1000 for place in range(1, 101)])
    assert (run.percentile(50), run.percentile(99), Run().percentile(99)) == (51.0, 100.0, 0.0)


def test_a_table_has_columns_as_wide_as_what_stands_in_them():
    table = report.Table("verbs/s", ["", "per second"])
    table.row("accept", 150)
    table.row("ask", None)
    assert str(table).splitlines()[1:] == [
        "verbs/s",
        "        per second",
        "──────  ──────────",
        "accept         150",
        "ask              –",
    ]


def test_a_result_is_kept_with_what_it_was_measured_on(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    path = report.keep({"machine": report.machine()}, "smoke")
    assert path.name.endswith("-smoke.json")
    assert {"cores", "load", "commit"} <= set(json.loads(path.read_text())["machine"])
