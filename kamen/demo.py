"""`make demo`: a living mall on this machine. Servers, web, worker and beat under one supervisor; Ctrl-C ends them all.

One thread, one loop: it prints the lines of its children, starts again what died, and stops everything in order.
"""

import contextlib
import fcntl
import hashlib
import http.client
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

from kamen import probe, startup
from kamen.servers import ServerDied, Servers, command_of, end_with_parent

#: A child that died this often, each time within `QUICK` seconds of its start, is not started again.
MOST_QUICK_DEATHS, QUICK = 4, 10
#: How long a child may take to say goodbye, and how long the mall may take to open.
GOODBYE, OPENING = 15, 90
COLORS = {"web": "36", "clocks": "33", "worker": "33", "beat": "35", "channel": "34", "upstream": "31", "demo": "32"}


class CannotRun(Exception):
    """The demo cannot start or go on; the text is one sentence for the person at the keyboard."""


@dataclass
class Child:
    """A process of the mall and what became of it."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    quick_deaths: int = 0
    start_again_at: float | None = None
    rest: bytes = b""


@dataclass
class Screen:
    """Where lines go: the terminal, with the name of who says it, and one log file per process."""

    directory: Path
    color: bool
    quiet: bool = False
    files: dict[str, IO[bytes]] = field(default_factory=dict)

    def line(self, name: str, text: str) -> None:
        """One line of a child: always into its log, and onto the terminal unless we are stopping."""
        if name not in self.files:
            self.files[name] = (self.directory / f"{name}.log").open("ab", buffering=0)
        self.files[name].write(f"{text}\n".encode())
        if not self.quiet:
            label = f"{name:<8} │"
            self.write(f"\x1b[{COLORS[name]}m{label}\x1b[0m {text}" if self.color else f"{label} {text}")

    def say(self, text: str) -> None:
        """A sentence of the supervisor's own."""
        self.write(f"\x1b[{COLORS['demo']}m{text}\x1b[0m" if self.color else text)

    def write(self, text: str) -> None:
        """Onto the terminal; one that was closed is no reason to die."""
        try:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        except OSError:
            self.quiet = True


class Demo:
    """The supervisor."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.port: int = settings.PORT
        self.local: Path = settings.LOCAL_DIR
        self.screen = Screen(self.local / "logs", color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
        given = {"postgres": settings.GIVEN_DATABASE, "redis": settings.GIVEN_REDIS}
        parts = frozenset(part for part, url in given.items() if not url)
        self.servers = Servers(settings.SERVERS_HOME, parts=parts)
        python = sys.executable
        celery = [python, "-m", "celery", "--quiet", "--app", "kamen.worker"]
        worker = [*celery, "worker", "--without-gossip", "--without-mingle"]
        channel_port = sandbox_port(settings.SANDBOX_ADDRESS)
        sandbox = ["--port", str(channel_port), "--store", str(self.local / "sandbox.sqlite")]
        supplier_port = sandbox_port(settings.SUPPLIER_ADDRESS)
        upstream = ["--port", str(supplier_port), "--store", str(self.local / "supplier.sqlite")]
        self.children = {
            "channel": Child("channel", [python, "-m", "kamen.sandbox_channel", *sandbox]),
            "upstream": Child("upstream", [python, "-m", "kamen.sandbox_supplier", *upstream]),
            "web": Child("web", [python, "-m", "gunicorn", "--config", "python:kamen.gunicorn"]),
            "clocks": Child("clocks", [*worker, "--queues", "clocks", "--hostname", "clocks@%h", "--concurrency", "1"]),
            "worker": Child("worker", [*worker, "--queues", "celery,long", "--concurrency", "2"]),
            "beat": Child("beat", [*celery, "beat", "--pidfile", ""]),
        }
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "kamen.settings.local",
            "PYTHONUNBUFFERED": "1",
            "BIND": f"127.0.0.1:{self.port}",
            "SANDBOX_ADDRESS": f"http://127.0.0.1:{channel_port}",
            "SANDBOX_SECRET": settings.SANDBOX_SECRET,
            "SUPPLIER_ADDRESS": f"http://127.0.0.1:{supplier_port}",
            "SUPPLIER_SECRET": settings.SUPPLIER_SECRET,
            # In a container one often is root; Celery's warning is meant for production.
            "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS") or "ignore:You're running the worker",
            "WEB_CONCURRENCY": os.environ.get("WEB_CONCURRENCY") or "1",
        }
        self.selector = selectors.DefaultSelector()
        self.lock: IO[str] | None = None
        self.asked_to_stop = False

    # The story

    def run(self) -> int:
        """Open the mall and keep it open until asked to stop. Returns the exit code."""
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self.ask_to_stop)
        try:
            self.claim()
            self.require_port()
            self.open()
            self.keep_open()
        except Stopped:
            return 0
        except (CannotRun, ServerDied) as error:
            if self.asked_to_stop:  # Ctrl-C also reached what we were waiting for
                return 0
            self.screen.say(str(error))
            return 1
        finally:
            self.close()

    def claim(self) -> None:
        """One demo per working tree: the lock's file says who holds it."""
        (self.local / "logs").mkdir(parents=True, exist_ok=True)
        lock = (self.local / "demo.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid, address = [*lock.read().split(), "?", "?"][:2]
            lock.close()
            raise CannotRun(
                f"The demo already runs here: {address} (process {pid}). Stop it first with Ctrl-C."
            ) from None
        self.end_orphans(lock)
        lock.truncate(0)
        lock.write(f"{os.getpid()} {self.settings.PUBLIC_ADDRESS}\n")
        lock.flush()
        self.lock = lock

    def end_orphans(self, lock: IO[str]) -> None:
        """End what a killed supervisor left behind where the system did not."""
        lock.seek(0)
        for pid in [int(word) for word in lock.read().split() if word.isdigit()][1:]:
            if b"kamen" in command_of(pid):
                os.kill(pid, signal.SIGKILL)

    def require_port(self) -> None:
        """Say so at once if somebody else listens on our port."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe_socket:
            probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe_socket.bind(("127.0.0.1", self.port))
            except PermissionError as error:
                raise CannotRun(f"Port {self.port} may not be used here: choose one above 1023, PORT=8001.") from error
            except (OSError, OverflowError) as error:
                raise CannotRun(
                    f"Port {self.port} is taken by another program: stop that, or choose another: PORT=8001 make demo"
                ) from error

    def open(self) -> None:
        """Servers, database, files, people; then the processes, until the mall says that it is ready."""
        began = time.monotonic()
        if self.servers.parts:
            self.screen.say(
                "Starting PostgreSQL and Redis …" if len(self.servers.parts) == 2 else "Starting a server …"
            )
            self.servers.start()
            self.go_on()
        if "redis" not in self.servers.parts:
            self.require_redis()
        self.screen.say("Preparing the database …")
        self.manage("prepare", "--verbosity", "0")
        self.collect_static()
        books = ["--channel", str(self.local / "sandbox.sqlite"), "--supplier", str(self.local / "supplier.sqlite")]
        self.manage("seed_demo", "--verbosity", "0", *books)
        self.settings.SANDBOX_FILE.write_text(self.environment["SANDBOX_ADDRESS"])
        self.settings.SUPPLIER_FILE.write_text(self.environment["SUPPLIER_ADDRESS"])
        self.screen.say("Opening the mall …")
        for child in self.children.values():
            self.start(child)
        self.wait_until_ready()
        self.screen.say(banner(self.settings, seconds=time.monotonic() - began))

    def keep_open(self) -> NoReturn:
        """Watch until asked to stop, or until something died that we cannot mend."""
        while True:
            self.watch(0.3)

    def close(self) -> None:
        """Beat first, so that nothing new is asked; then the workers, the web, the outside, the servers."""
        order = ("beat", "clocks", "worker", "web", "channel", "upstream")
        running = [name for name in order if self.children[name].process is not None]
        if running or self.servers.processes:
            self.screen.say("Stopping …")
        self.screen.quiet = True
        for name in running:
            self.stop(self.children[name])
        self.servers.stop()
        if self.lock is not None:
            if running:
                self.screen.say(f"Stopped. What was in the mall stays in {self.local}; `make demo` opens it again.")
            self.lock.truncate(0)
            self.lock.close()

    def forget(self) -> int:
        """Throw away the mall that is kept here: database, mail, logs. Not while it is open."""
        try:
            self.claim()
        except CannotRun as error:
            self.screen.say(str(error))
            return 1
        shutil.rmtree(self.local)
        self.screen.say(f"Forgotten: {self.local}")
        return 0

    # Getting ready

    def require_redis(self) -> None:
        """A Redis of somebody else's must answer."""
        import redis

        try:
            redis.Redis.from_url(self.settings.REDIS_URL, socket_connect_timeout=5).ping()
        except redis.RedisError as error:
            raise CannotRun(f"The Redis that REDIS_URL names does not answer: {error}") from error

    def manage(self, *words: str) -> None:
        """Run a command of manage.py; what it says is shown if it fails."""
        command = [sys.executable, str(self.settings.BASE_DIR / "manage.py"), *words]
        done = subprocess.Popen(  # noqa: S603
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGTERM),
        )
        while True:
            try:
                said = done.communicate(timeout=0.2)[0].decode(errors="replace").strip()
                break
            except subprocess.TimeoutExpired:
                if self.asked_to_stop:
                    done.terminate()
                    done.wait()
                    raise Stopped from None
        with (self.local / "logs" / "demo.log").open("a") as log:
            log.write(f"manage.py {' '.join(words)}\n{said}\n" if said else "")
        if done.returncode:
            raise CannotRun(f"`manage.py {words[0]}` failed: {said.splitlines()[-1] if said else 'without a word'}")

    def collect_static(self) -> None:
        """Collect and compress the static files again if any of them changed."""
        from django.contrib.staticfiles.finders import get_finders

        digest = hashlib.sha256()
        for finder in get_finders():
            for name, storage in finder.list([]):
                digest.update(f"{name} {os.stat(storage.path(name)).st_mtime_ns}\n".encode())
        stamp = self.local / "static.stamp"
        if stamp.exists() and stamp.read_text() == digest.hexdigest() and Path(self.settings.STATIC_ROOT).is_dir():
            return
        self.screen.say("Collecting the static files …")
        self.manage("collectstatic", "--no-input", "--clear", "--verbosity", "0")
        stamp.write_text(digest.hexdigest())

    def wait_until_ready(self) -> None:
        """Until the mall itself says that it is ready: pages, database, broker, and the first sweep of the clocks."""
        end = time.monotonic() + OPENING
        answer, ask_at = "nothing", 0.0
        while time.monotonic() < end:
            self.watch(0.1)
            if time.monotonic() < ask_at:
                continue
            ask_at = time.monotonic() + 0.4
            try:
                status = probe.ask("/readyz", port=self.port, host=f"127.0.0.1:{self.port}", seconds=3)
            except (OSError, http.client.HTTPException):
                continue
            if status == 200:
                return
            answer = str(status)
        raise CannotRun(
            f"The mall did not get ready within {OPENING} s (/readyz: {answer}); see {self.screen.directory}."
        )

    # Children

    def start(self, child: Child) -> None:
        """Start a child; its lines come to us."""
        child.start_again_at = None
        child.started = time.monotonic()
        child.process = subprocess.Popen(  # noqa: S603
            child.command,
            cwd=self.settings.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A session of its own: Ctrl-C reaches the supervisor only, which stops its children in order.
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGTERM),
        )
        assert child.process.stdout is not None  # noqa: S101 - said for the type checker
        os.set_blocking(child.process.stdout.fileno(), False)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)
        if self.lock is not None:
            self.lock.write(f"{child.process.pid}\n")
            self.lock.flush()

    def watch(self, seconds: float) -> None:
        """Pass on what the children say for so long, and look after those that died."""
        self.go_on()
        for key, _ in self.selector.select(seconds):
            self.listen(key.data)
        if dead := self.servers.dead():
            name = {"postgres": "PostgreSQL", "redis": "Redis"}[dead]
            raise CannotRun(
                f"{name} ended by itself, so the mall closes. Its log: {self.servers.logs / dead}.log."
                " `make demo` opens the mall again; what was stored is kept."
            )
        for child in self.children.values():
            if child.process is not None and child.process.poll() is not None:
                self.bury(child)
            elif child.start_again_at is not None and time.monotonic() >= child.start_again_at:
                self.start(child)

    def listen(self, child: Child) -> None:
        """Print the whole lines that a child wrote."""
        if child.process is None or child.process.stdout is None:
            return
        try:
            said = os.read(child.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        if not said:
            self.selector.unregister(child.process.stdout)
            child.process.stdout.close()
            child.process.stdout = None
        *lines, child.rest = (child.rest + said).split(b"\n")
        for line in lines:
            self.screen.line(child.name, line.decode(errors="replace").rstrip())

    def bury(self, child: Child) -> None:
        """A child died: start it again, after a pause that grows, unless it keeps dying."""
        assert child.process is not None  # noqa: S101 - said for the type checker
        code = child.process.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        end_group(child.process.pid, signal.SIGKILL)
        self.hang_up(child)
        lived = time.monotonic() - child.started
        child.quick_deaths = child.quick_deaths + 1 if lived < QUICK else 0
        if child.quick_deaths >= MOST_QUICK_DEATHS:
            raise CannotRun(
                f"The {child.name} {how}, {child.quick_deaths} times in a row; giving up."
                f" Its log: {self.screen.directory / child.name}.log."
            )
        self.screen.say(f"The {child.name} {how}; starting it again.")
        child.start_again_at = time.monotonic() + child.quick_deaths

    def stop(self, child: Child) -> None:
        """Ask a child to end, wait for its goodbye, and end what is left of it."""
        process = child.process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
        end = time.monotonic() + GOODBYE
        while process.poll() is None and time.monotonic() < end:
            for key, _ in self.selector.select(0.05):
                self.listen(key.data)
        end_group(process.pid, signal.SIGKILL)
        process.wait()
        self.hang_up(child)

    def hang_up(self, child: Child) -> None:
        """Read the last words and close the line."""
        for _ in range(100):
            if child.process is None or child.process.stdout is None:
                break
            before = child.rest
            self.listen(child)
            if child.rest == before:
                break
        if child.process is not None and child.process.stdout is not None:
            self.selector.unregister(child.process.stdout)
            child.process.stdout.close()
        child.process, child.rest = None, b""

    # Being asked

    def ask_to_stop(self, *_: Any) -> None:
        """Ctrl-C, SIGTERM or a closed terminal: noted here, obeyed where nothing is half done."""
        self.asked_to_stop = True

    def go_on(self) -> None:
        """Go on unless asked to stop."""
        if self.asked_to_stop:
            raise Stopped


class Stopped(Exception):
    """Somebody asked the demo to stop."""


def end_group(pid: int, sign: signal.Signals) -> None:
    """End what is left of a child's session."""
    try:
        os.killpg(pid, sign)
    except (ProcessLookupError, PermissionError):
        return


def sandbox_port(before: str) -> int:
    """A free port of this machine for a sandbox: the one it had before if nobody took it meanwhile."""
    known = before.rpartition(":")[2]
    for port in [int(known)] if known.isdecimal() else []:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe_socket:
            probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError, OverflowError):
                probe_socket.bind(("127.0.0.1", port))
                return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        found: int = probe_socket.getsockname()[1]
        return found


def banner(settings: Any, *, seconds: float) -> str:
    """What one wants to know about the mall that has just opened."""
    from django.utils import translation

    from accounts import personas

    with translation.override("zh-hans" if os.environ.get("LANG", "").startswith("zh") else "en"):
        people = [f"    {one.email:<32}{one.nickname}, {one.part}" for one in personas.PERSONAS]
    lines = [
        "",
        f"  卡门 Kamen is open:  {settings.PUBLIC_ADDRESS}   (after {seconds:.0f} s)",
        "",
        f"  Sign in with the password  {personas.PASSWORD}  as",
        *people,
        f"  Staff need a second factor: `make code` shows it, or give your authenticator app {personas.SECRET}",
        "",
        f"  Play money: the sandbox channel at {settings.SANDBOX_FILE.read_text()}",
        f"  Play top-ups: the sandbox supplier at {settings.SUPPLIER_FILE.read_text()}",
        f"  Mail   {settings.EMAIL_FILE_PATH}",
        f"  Logs   {settings.LOCAL_DIR / 'logs'} and {settings.SERVERS_HOME / 'logs'}",
        "  Stop   Ctrl-C; `make demo` opens the mall again as it was",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Run the demo (or, with --forget, throw it away) with the local settings; a bad setting is one sentence."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "kamen.settings.local"
    startup.read_settings()
    import django
    from django.conf import settings

    django.setup()
    demo = Demo(settings)
    return demo.forget() if "--forget" in sys.argv[1:] else demo.run()


if __name__ == "__main__":
    sys.exit(main())
