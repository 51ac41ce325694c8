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

    def page(self, path: str) -> tuple[int, str]:
        """Ask for a page."""
        there = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(there):
            there.request("GET", path)
            answer = there.getresponse()
            return answer.status, answer.read().decode()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Demo]]:
    """Opens the mall of this test's directory; whatever is still open at the end is stopped."""
    demos: list[Demo] = []

    def open_it() -> Demo:
        demos.append(Demo(tmp_path, free_port()))
        return demos[-1]

    yield open_it
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.ends()


def test_the_demo_opens_explains_itself_mends_itself_and_stops_without_a_trace(opened, tmp_path):
    demo = opened()
    said = demo.says("is open:")
    assert f"http://127.0.0.1:{demo.port}" in said
    assert "shop@demo.kamen.invalid" in said
    assert "kamen-demo" in said
    require_pages(demo)

    second = opened()
    assert second.ends() == 1
    assert second.said.strip() == (
        f"The demo already runs here: http://127.0.0.1:{demo.port} (process {demo.process.pid})."
        " Stop it first with Ctrl-C."
    )

    (worker,) = demo.children("--queues celery,long")
    os.kill(worker, signal.SIGKILL)
    demo.says("The worker was ended by SIGKILL; starting it again.")
    eventually(lambda: len(demo.children("kamen.worker worker")) == 2)

    query(demo, "update accounts_user set nickname = 'kept' where email like 'buyer@%'")
    sessions = {os.getsid(pid) for pid in demo.children()}
    assert len(sessions) == 8  # PostgreSQL, Redis, the sandbox channel and supplier, web, two workers, beat
    demo.process.send_signal(signal.SIGINT)
    assert demo.ends() == 0
    assert "Traceback" not in demo.said
    assert living(sessions) == []
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", demo.port))

    demo = opened()
    demo.says("is open:")
    assert query(demo, "select nickname from accounts_user where email like 'buyer@%'") == "kept"
    assert query(demo, "select count(*) from shops_shop") == "5"
    (redis,) = demo.children("redis-server")
    sessions = {os.getsid(pid) for pid in demo.children()}
    os.kill(redis, signal.SIGKILL)
    assert demo.ends() == 1
    assert demo.said.count("Redis ended by itself, so the mall closes.") == 1
    assert living(sessions) == []


def test_whoever_is_shot_takes_the_servers_along(tmp_path):
    program = "import os, sys; from pathlib import Path; from kamen.servers import Servers\n"
    program += "servers = Servers(Path(sys.argv[1]), durable=False); servers.start()\n"
    program += "print(*[one.pid for one in servers.processes.values()], flush=True); os.kill(os.getpid(), 9)"
    command = [sys.executable, "-c", program, str(tmp_path / "servers")]
    shot = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True)
    sessions = {int(word) for word in shot.stdout.split()}
    assert len(sessions) == 2, shot.stderr
    eventually(lambda: living(sessions) == [])


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


def query(demo: Demo, sql: str) -> str:
    """What `make psql` answers in the open mall."""
    given = environment(demo.home, demo.port) | {"PSQLRC": os.devnull}
    words = f"\\pset format unaligned\n\\pset tuples_only on\n{sql};\n"
    command = [sys.executable, "manage.py", "psql"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=given, input=words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith(("Output format", "Tuples only"))]
    return "\n".join(lines)


def require_pages(demo: Demo) -> None:
    """The first page, its style sheet and the probe are there."""
    status, page = demo.page("/")
    assert status == 200
    styles = re.findall(r'href="(/static/[^"]+\.css)"', page)
    assert styles
    assert demo.page(styles[0])[0] == 200
    assert demo.page("/readyz")[0] == 200


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
