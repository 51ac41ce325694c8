"""`python -m bench`: measure and print; no figure makes it fail, only what does not run or is not true."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from bench import house, report

SECTIONS = ("transfers", "verbs", "clocks", "pages", "growth")


def section(name: str, size: str) -> dict[str, Any]:
    """Measure one section in one size."""

    def tell(text: str) -> None:
        print(text, flush=True)

    if name == "transfers":
        from bench import transfers

        lengths = {"smoke": (1, 0.1, (1, 2)), "small": (3, 0.6, (1, 4, 8)), "large": (5, 3.0, (1, 4, 8), 3_600.0)}
        return transfers.measure(transfers.Size(*lengths[size]), tell)
    if name == "clocks":
        from bench import clocks

        # A task for each of 100,000 would take most of an hour; the rate of 10,000 is the same.
        loads = {
            "smoke": clocks.Size(2_000, due=40, as_tasks=40, normal_seconds=3.0),
            "small": clocks.Size(20_000, due=500, as_tasks=500, normal_seconds=15.0),
            "large": clocks.Size(1_000_000, due=100_000, as_tasks=10_000, normal_seconds=60.0),
        }
        return clocks.measure(loads[size], tell)
    if name == "pages":
        from bench import pages

        looks = {
            "smoke": pages.Size((60,), orders=20, times=3, units=20),
            "small": pages.Size((1_000, 5_000), orders=500, times=40),
            "large": pages.Size((1_000, 100_000), orders=10_000, times=200),
        }
        return pages.measure(looks[size], tell)
    if name == "growth":
        from bench import growth

        sizes = {
            "smoke": growth.Size((5_000,), cases=60, seconds=0.2, verbs=2),
            "small": growth.Size((10_000, 110_000), cases=1_000, seconds=0.6, verbs=16),
            "large": growth.Size((10_000, 1_000_000, 10_000_000), cases=100_000, seconds=5.0, verbs=200),
        }
        return growth.measure(sizes[size], tell)
    from bench import verbs

    runs = {"smoke": (8, 8, 8, 8), "small": (96, 64, 96, 32), "large": (800, 400, 800, 240)}[size]
    many = 20 if size == "smoke" else 500
    rounds = 3 if size == "large" else 1
    clients = (1, 2) if size == "smoke" else (1, 4, 8)
    once = {"smoke": 3, "small": 50, "large": 200}[size]
    budget = 36_000.0 if size == "large" else 90.0
    return verbs.measure(
        verbs.Size(rounds, dict(zip(verbs.VERBS, runs, strict=True)), many, clients, once, budget), tell
    )


def main() -> int:
    """Run the chosen sections of one size in a house of their own."""
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("--size", choices=("smoke", "small", "large"), default="small")
    arguments.add_argument("--only", nargs="+", choices=SECTIONS, default=None)
    arguments.add_argument("--home", type=Path, default=None, help="keep the servers' data here (large: resumes)")
    chosen = arguments.parse_args()
    began = time.monotonic()
    result: dict[str, Any] = {"size": chosen.size, "machine": report.machine()}
    print(f"Kamen benchmarks, {chosen.size}: {result['machine']}", flush=True)
    with house.open_house(chosen.home):
        for name in chosen.only or SECTIONS:
            print(f"\n── {name} ──", flush=True)
            result[name] = section(name, chosen.size)
    result["took"] = round(time.monotonic() - began, 1)
    path = report.keep(result, chosen.size)
    print(f"\n{result['took']:.0f} s; written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
