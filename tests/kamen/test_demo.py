"""`make demo` for real, in a directory of its own: it opens, survives, explains itself, and leaves nothing behind."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from kamen.servers import command_of
from tests.kamen.test_production_shape import free_port

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]


class Demo:
    """A demo that was started in a directory, and what it has said so far."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        self.log = home / f"said-{time.monotonic_ns()}"
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kamen.demo"],
                cwd=settings.BASE_DIR,
                env=environment(home, port),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def says(self, words: str, seconds: float = 120) -> str:
        """Wait until it says so."""
        eventually(lambda: words in self.said or self.process.poll() is not None, seconds)
        assert words in self.said, self.said
        return self.said

    def ends(self, seconds: float = 60) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(timeout=seconds)

    def children(self, words: str = "") -> list[int]:
        """Its direct children whose command contains the words."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in found if words.encode() in command_of(int(pid))]

    def page(self, path: str = "/") -> tuple[int, str]:
        """Ask for a page."""
        there = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(there):
            there.request("GET", path)
            answer = there.getresponse()
            return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo of these tests keeps its mall."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def demo(home: Path) -> Iterator[Demo]:
    """An open mall; the first test waits for it longest, the others find the same one opened again."""
    opened = Demo(home, free_port())
    try:
        opened.says("is open:")
        yield opened
    finally:
        if opened.process.poll() is None:
            opened.process.terminate()
            opened.ends()


def test_it_opens_explains_itself_and_stops_without_a_trace(demo, home):
    assert f"http://127.0.0.1:{demo.port}" in demo.said
    assert "shop@demo.kamen.invalid" in demo.said
    assert "kamen-demo" in demo.said
    status, page = demo.page()
    assert status == 200
    styles = re.findall(r'href="(/static/[^"]+\.css)"', page)
    assert styles
    assert demo.page(styles[0])[0] == 200
    assert demo.page("/readyz")[0] == 200

    second = Demo(home, free_port())
    assert second.ends() == 1
    assert second.said.strip() == (
        f"The demo already runs here: http://127.0.0.1:{demo.port} (process {demo.process.pid})."
        " Stop it first with Ctrl-C."
    )

    sessions = {os.getsid(pid) for pid in demo.children()}
    assert len(sessions) == 5  # PostgreSQL, Redis, web, worker, beat
    demo.process.send_signal(signal.SIGINT)
    assert demo.ends() == 0
    assert "Traceback" not in demo.said
    assert living(sessions) == []
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", demo.port))


def test_what_died_comes_back_until_a_server_dies(demo, home):
    assert int(manage(home, demo.port, "psql", "select count(*) from shops_shop")) == 5
    manage(home, demo.port, "psql", "update accounts_user set nickname = 'kept' where email like 'buyer@%'")
    manage(home, demo.port, "check_books")
    (worker,) = demo.children("kamen.worker worker")
    os.kill(worker, signal.SIGKILL)
    demo.says("The worker was ended by SIGKILL; starting it again.")
    eventually(lambda: bool(demo.children("kamen.worker worker")))
    (redis,) = demo.children("redis-server")
    sessions = {os.getsid(pid) for pid in demo.children()}
    os.kill(redis, signal.SIGKILL)
    assert demo.ends() == 1
    assert demo.said.count("Redis ended by itself, so the mall closes.") == 1
    assert living(sessions) == []

    again = Demo(home, demo.port)
    again.says("is open:")
    kept = "select nickname from accounts_user where email like 'buyer@%'"
    assert manage(home, demo.port, "psql", kept).strip() == "kept"
    sessions = {os.getsid(pid) for pid in again.children()}
    again.process.kill()
    again.ends()
    eventually(lambda: living(sessions) == [])  # even a supervisor that is shot takes its children along


def test_a_taken_port_is_one_sentence_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Demo(tmp_path, port)
        assert refused.ends() == 1
    assert refused.said.strip() == (
        f"Port {port} is taken by another program: stop that, or choose another: PORT=8001 make demo"
    )
    assert not (tmp_path / "local" / "servers" / "postgres").exists()


def test_a_server_elsewhere_that_does_not_answer_is_one_sentence(tmp_path):
    nowhere = f"postgres://nobody@127.0.0.1:{free_port()}/nothing"
    command = [sys.executable, "-m", "kamen.demo"]
    given = environment(tmp_path, free_port()) | {"DATABASE_URL": nowhere, "REDIS_URL": settings.REDIS_URL}
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=given, capture_output=True, text=True)
    assert done.returncode == 1
    assert "The database does not answer" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def environment(home: Path, port: int) -> dict[str, str]:
    """That of a newcomer who has set nothing but the port."""
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "TMPDIR", "LANG"}}
    return inherited | {"KAMEN_LOCAL_DIR": str(home / "local"), "PORT": str(port)}


def manage(home: Path, port: int, command: str, sql: str = "") -> str:
    """What a command says in the open mall."""
    words = [sys.executable, "manage.py", command]
    given = environment(home, port) | {"PGOPTIONS": "", "PSQLRC": os.devnull}
    if sql:
        sql = f"\\pset format unaligned\n\\pset tuples_only on\n{sql};\n"
    done = subprocess.run(words, cwd=settings.BASE_DIR, env=given, input=sql, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith(("Output format", "Tuples only"))]
    return "\n".join(lines)


def living(sessions: set[int]) -> list[bytes]:
    """The commands of processes that still belong to one of the sessions."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if os.getsid(int(entry.name)) in sessions and (words := command_of(int(entry.name))):
                found.append(words)
        except (ProcessLookupError, FileNotFoundError):
            continue
    return found


def eventually(is_so: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.1)
