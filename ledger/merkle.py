"""A tree of hashes over many heads, as in RFC 6962: one root for all, and a short proof that one of them is in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step of a proof: the neighbor's hash, and whether it stands to the left."""

    neighbor: bytes
    is_left: bool


def leaf(text: str) -> bytes:
    """The hash of one leaf; leaves and nodes begin differently, so that neither passes for the other."""
    return hashlib.sha256(b"\x00" + text.encode()).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two that stand side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The tree from its leaves up to its root; who has no neighbor goes up as it is. Without leaves: no levels."""
    found = [list(leaves)] if leaves else []
    while found and len(found[-1]) > 1:
        row = found[-1]
        above = [node(row[place], row[place + 1]) for place in range(0, len(row) - 1, 2)]
        found.append([*above, row[-1]] if len(row) % 2 else above)
    return found


def root(leaves: Sequence[bytes]) -> bytes:
    """The one hash that stands for all leaves; of none, the hash of nothing."""
    found = levels(leaves)
    return found[-1][0] if found else hashlib.sha256().digest()


def proof(leaves: Sequence[bytes], place: int) -> list[Step]:
    """What else is needed to come from the leaf at `place` to the root, from below."""
    steps = []
    for row in levels(leaves)[:-1]:
        neighbor = place ^ 1
        if neighbor < len(row):
            steps.append(Step(row[neighbor], is_left=neighbor < place))
        place //= 2
    return steps


def follow(start: bytes, steps: Sequence[Step]) -> bytes:
    """The root that a leaf and its proof lead to."""
    here = start
    for step in steps:
        here = node(step.neighbor, here) if step.is_left else node(here, step.neighbor)
    return here
