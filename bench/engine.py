"""How fast the rulebook decides: `make bench-engine`, or `python -m bench.engine [cases]`. Needs no mall.

Cases are generated with a fixed seed over every reason, kind, state and level, with the facts a collector would give.
The goal is 15,000 decisions a second on one core, so that a change is replayed over a million past cases in a minute.
"""

import json
import os
import platform
import sys
from pathlib import Path
from time import perf_counter, process_time

from rulebook.defaults import default_book
from rulebook.engine import decide
from rulebook.generated import claims

GOAL = 15_000


def main(count: int) -> int:
    book = default_book()
    made = list(claims(count, seed=20261101))
    decide(made[0], book)
    best = 0.0
    for _ in range(3):
        began, cpu = perf_counter(), process_time()
        refund = sum(decide(claim, book).refund for claim in made)
        wall, cpu = perf_counter() - began, process_time() - cpu
        best = max(best, count / cpu)
        print(
            f"{count} decisions in {wall:.2f} s ({cpu:.2f} s of processor): {count / cpu:,.0f} a second on one core;"
            f" {refund:,} fen"
        )
    print(f"goal {GOAL:,} a second: {'reached' if best >= GOAL else 'NOT reached'}; Python {platform.python_version()}")
    result = {"decisions_per_second": round(best), "cases": count, "goal": GOAL, "cores": os.cpu_count()}
    written = Path(__file__).parent / "results"
    written.mkdir(exist_ok=True)
    (written / "engine.json").write_text(json.dumps(result, indent=1) + "\n")
    return 0 if best >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
