"""A PostgreSQL server of its own for a test: a fresh cluster in a temporary folder, on a free port, fully durable."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.processes import free_port
from tests.e2e.programs import absent

PLACES = ("/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin")
USER = "postgres"


def postgres_programs() -> Path:
    """The folder of PostgreSQL's programs; skips the test, saying so, when there is none."""
    for place in PLACES:
        if os.access(Path(place, "pg_ctl"), os.X_OK):
            return Path(place)
    absent("PostgreSQL is absent: install Debian's package postgresql")


class Postgres:
    """A cluster that may be stopped as a crash stops it, and started again."""

    def __init__(self, folder: Path, programs: Path, connections: int = 50) -> None:
        self.folder = folder
        self._connections = connections
        self.port = free_port()
        self._programs = programs
        self._as_user: dict[str, object] = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            user = pwd.getpwnam(USER)
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
            **self._as_user,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stdout

    def create(self) -> None:
        self._run("initdb", "-D", str(self.folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections={self._connections}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-w", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def stop_immediate(self) -> None:
        """As a crash: no checkpoint, no goodbye."""
        self.stop("immediate")


@contextmanager
def running_postgres(place: Path | None = None, connections: int = 50) -> Iterator[Postgres]:
    """A running server in a folder of its own in `place`, or where temporary ones are; gone afterwards."""
    programs = postgres_programs()
    folder = Path(tempfile.mkdtemp(prefix="lockgate-pg-", dir=place))
    server = Postgres(folder, programs, connections)
    try:
        server.create()
        server.start()
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
