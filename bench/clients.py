"""Clients: processes of their own, each with its own Django and its own connection, that start at the same instant."""

import importlib
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

#: How long before the common start the last client has heard of it.
HEAD_START = 0.05


class OutOfWork(Exception):
    """A client has used up what was prepared for it."""


@dataclass
class Run:
    """What the clients of one run did together."""

    done: int = 0
    seconds: float = 0.0
    errors: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Operations that ended well, per second, by all clients together."""
        return self.done / self.seconds if self.seconds else 0.0

    def percentile(self, of_100: int) -> float:
        """In milliseconds."""
        if not self.latencies:
            return 0.0
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, len(ordered) * of_100 // 100)] * 1000


class Crew:
    """`size` client processes with one settings module. `run` gives the first `clients` of them work."""

    def __init__(self, size: int, settings: str = "bench.settings") -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes: list[Connection] = []
        self.processes = []
        before = os.environ.get("DJANGO_SETTINGS_MODULE", "")
        os.environ["DJANGO_SETTINGS_MODULE"] = settings  # a spawned process inherits the environment
        try:
            for number in range(size):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, number), daemon=True)
                process.start()
                self.pipes.append(ours)
                self.processes.append(process)
        finally:
            os.environ["DJANGO_SETTINGS_MODULE"] = before
        for pipe in self.pipes:
            pipe.recv()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self.pipes:
            pipe.close()
        for process in self.processes:
            process.join(5)
            if process.is_alive():
                process.kill()

    def run(
        self, work: str, *, clients: int, seconds: float, shares: Sequence[dict[str, Any]] = (), **what: Any
    ) -> Run:
        """Let `clients` clients do `module:maker` for `seconds`, or until each is out of work.

        `maker(number, **what)` runs in the client before the start and returns the operation. `shares[number]` is what
        differs from client to client.
        """
        chosen = self.pipes[:clients]
        for number, pipe in enumerate(chosen):
            pipe.send(("prepare", work, {**what, **(shares[number] if shares else {})}))
        for pipe in chosen:
            _raise(pipe.recv())
        start = time.monotonic() + HEAD_START
        for pipe in chosen:
            pipe.send(("go", start, seconds))
        together, last = Run(), start
        for pipe in chosen:
            done, ended, errors, latencies = _raise(pipe.recv())
            together.done += done
            last = max(last, ended)
            together.latencies += latencies
            for name, times in errors.items():
                together.errors[name] = together.errors.get(name, 0) + times
        together.seconds = last - start
        return together

    def call(self, work: str, *, clients: int, shares: Sequence[dict[str, Any]] = (), **what: Any) -> list[Any]:
        """Let clients call `module:function(number, **what)` side by side once, untimed; returns what each returned."""
        chosen = self.pipes[:clients]
        for number, pipe in enumerate(chosen):
            pipe.send(("call", work, {**what, **(shares[number] if shares else {})}))
        return [_raise(pipe.recv()) for pipe in chosen]


def _raise(answer: Any) -> Any:
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _serve(pipe: Connection, number: int) -> None:
    """The life of a client process."""
    import django

    django.setup()
    pipe.send("here")
    operation: Callable[[], None] | None = None
    while True:
        try:
            order, first, second = pipe.recv()
        except EOFError:
            return
        try:
            if order == "go":
                assert operation is not None
                pipe.send(_work(operation, start=first, seconds=second))
            elif order == "prepare":
                operation = _function(first)(number, **second)
                pipe.send(True)
            else:
                pipe.send(_function(first)(number, **second))
        except Exception as error:  # noqa: BLE001 - told to whoever started us
            pipe.send(RuntimeError(f"client {number}: {error}\n{traceback.format_exc()}"))


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def _work(operation: Callable[[], None], *, start: float, seconds: float) -> tuple[int, float, dict[str, int], Any]:
    done, errors, latencies = 0, {}, []
    time.sleep(max(0.0, start - time.monotonic()))
    before = start
    end = start + seconds
    while before < end:
        try:
            operation()
            done += 1
        except OutOfWork:
            return done, before, errors, latencies
        except Exception as error:  # noqa: BLE001 - an error is a figure, too
            name = f"{type(error).__name__}: {error}"[:160]
            errors[name] = errors.get(name, 0) + 1
        now = time.monotonic()
        latencies.append(now - before)
        before = now
    return done, before, errors, latencies
