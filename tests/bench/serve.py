"""`lockgate serve` against Gatekeeper's running webhook: the same templates, constraints and load, in the same run.

Both are asked the same first, and must agree on who is let through. Rounds take turns. Then every decision is recorded,
in SQLite and in PostgreSQL.
"""

import contextlib
import http.client
import json
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lockgate.engine.codegen.values import render_json

from tests.bench.library import samples
from tests.bench.serve_load import Json, Load, memory, numbered, press, review_bodies
from tests.bench.serve_peer import running_peer
from tests.e2e.gatekeeper import write_certificate
from tests.e2e.postgres import running_postgres
from tests.e2e.processes import free_port, running, wait_until

LOCKGATE = [sys.executable, "-m", "lockgate.webhook"]
ROUNDS = 5
SECONDS = 4
WARM_SECONDS = 3
# Numbers of requests, so that no two runs have the same.
STRIDE = 10_000_000
# Constraints select by its labels.
NAMESPACED: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
GOALS = {1: "P50 15, P99 10", 8: "requests/s 20", 64: ""}


@dataclass(frozen=True, slots=True)
class Ours:
    """A running `lockgate serve`. process: main's."""

    port: int
    certificate: Path
    process: int

    @property
    def url(self) -> str:
        """Where AdmissionReviews are sent."""
        return f"https://127.0.0.1:{self.port}/v1/admit"

    @property
    def processes(self) -> list[int]:
        """Main, and what it has started."""
        found = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return [self.process, *map(int, found)]

    def admit(self, reviews: Sequence[Json]) -> list[Json]:
        """The AdmissionResponses to AdmissionReviews."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        answers = []
        with contextlib.closing(connection):
            for review in reviews:
                connection.request("POST", "/v1/admit", json.dumps(review))
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    raise SystemExit(f"lockgate serve answered {answer.status}: {body!r}")
                answers.append(json.loads(body)["response"])
        return answers


@contextmanager
def running_ours(objects: Sequence[Json], folder: Path, trail: Path | None = None) -> Iterator[Ours]:
    """`lockgate serve` with templates, constraints and a Namespace from a folder, a worker for each core."""
    policies = folder / "policies"
    policies.mkdir()
    for number, value in enumerate([*objects, NAMESPACED]):
        # JSON is YAML.
        (policies / f"{number:03}.yaml").write_text(json.dumps(value))
    certificate = write_certificate(folder / "webhook")
    port, probes = free_port(), free_port()
    command: list[str | Path] = [*LOCKGATE, "serve", "-p", policies, "--listen", f"127.0.0.1:{port}"]
    command += ["--tls-cert", certificate, "--tls-key", certificate.with_name("tls.key")]
    command += ["--mode", "enforce", "--probes", f"127.0.0.1:{probes}"]
    if trail is not None:
        command += ["--trail", trail]
    log = folder / "serve.log"
    with running(command, log) as process:
        ours = Ours(port, certificate, process.pid)

        def is_ready() -> bool:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", probes, timeout=5)
                with contextlib.closing(connection):
                    connection.request("GET", "/readyz")
                    return connection.getresponse().status == 200
            except OSError:
                return False

        wait_until(is_ready, process, log)
        yield ours


@contextmanager
def made_trail(folder: Path, store: str = "") -> Iterator[Path]:
    """A new trail; in SQLite where no store is named."""
    home = folder / "trail"
    command = [*LOCKGATE, "audit", "init", str(home), "--origin", "bench.example/log"]
    done = subprocess.run(
        [*command, *(["--store", store] if store else [])], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"no trail: {done.stdout}{done.stderr}")
    yield home


def _median(loads: Sequence[Load]) -> Load:
    columns = zip(*[(one.rate, one.p50, one.p99, one.most, one.processor) for one in loads], strict=True)
    return Load(*map(median, columns))


def _row(name: str, connections: int, ours: Load, peer: Load, goal: str = "") -> None:
    print(
        f"{name:<22}{connections:>4}{ours.rate:>9.0f}{peer.rate:>8.0f}{ours.rate / peer.rate:>7.1f}"
        f"{ours.p50 * 1e3:>8.2f}{peer.p50 * 1e3:>8.1f}{peer.p50 / ours.p50:>7.1f}"
        f"{ours.p99 * 1e3:>8.2f}{peer.p99 * 1e3:>8.1f}{peer.p99 / ours.p99:>7.1f}"
        f"{ours.processor * 1e3:>8.3f}{peer.processor * 1e3:>8.2f}{peer.processor / ours.processor:>7.1f}  {goal}"
    )


def print_section(library: Path, gator: Path) -> None:
    """A line for each number of connections, without a trail and with one."""
    # What a webhook must have synced first would compare two empty inventories.
    found = [sample for sample in samples(library) if not sample.reads_inventory]
    pods = [
        json.loads(render_json(document.value))
        for sample in found
        for document in sample.objects
        if document.value.get("kind") == "Pod"
    ]
    bodies = review_bodies(pods)
    with running_peer(found, gator) as running:
        peer, objects = running.webhook, (*running.templates, *running.constraints)
        print(
            f"Webhooks over TLS, {len(found)} templates, {len(bodies)} Pods. Gatekeeper with CEL: {', '.join(running.with_cel)}"
        )
        print(
            f"{'':<22}{'conn':>4}{'ours/s':>9}{'peer/s':>8}{'ratio':>7}{'p50 ms':>8}{'peer':>8}{'ratio':>7}"
            f"{'p99 ms':>8}{'peer':>8}{'ratio':>7}{'cpu ms':>8}{'peer':>8}{'ratio':>7}  goal"
        )

        def compare(name: str, ours: Ours, connections: Sequence[int], goals: dict[int, str]) -> None:
            for count in connections:
                mine: list[Load] = []
                theirs: list[Load] = []
                for turn in range(ROUNDS + 1):
                    seconds = SECONDS if turn else WARM_SECONDS
                    first = STRIDE * (turn + 1) + count * 100_000
                    for url, processes, loads in (
                        (ours.url, ours.processes, mine),
                        (peer.url, [peer.process], theirs),
                    ):
                        load = press(
                            url,
                            bodies,
                            connections=count,
                            seconds=seconds,
                            first=first,
                            processes=processes,
                        )
                        if turn:
                            loads.append(load)
                _row(name, count, _median(mine), _median(theirs), goals.get(count, ""))
            print(
                f"{'memory, MB':<22}{sum(map(memory, ours.processes)):>13.0f}{memory(peer.process):>8.0f}"
                f"   in {len(ours.processes)} processes and one"
            )

        with tempfile.TemporaryDirectory() as name, running_ours(objects, Path(name)) as ours:
            _agree(ours.admit([*numbered(bodies, 1)]), [peer.admit(one) for one in numbered(bodies, 1)])
            compare("decided", ours, (1, 8, 64), GOALS)
        recorded = {64: "requests/s 10"}
        with (
            tempfile.TemporaryDirectory() as name,
            made_trail(Path(name)) as home,
            running_ours(objects, Path(name), home) as ours,
        ):
            compare("recorded, SQLite", ours, (8, 64), recorded)
        with (
            tempfile.TemporaryDirectory() as name,
            running_postgres() as store,
            made_trail(Path(name), store.url) as home,
            running_ours(objects, Path(name), home) as ours,
        ):
            compare("recorded, PostgreSQL", ours, (8, 64), recorded)


def _agree(ours: Sequence[Json], theirs: Sequence[Json]) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        messages = [sorted(one.get("status", {}).get("message", "").splitlines()) for one in (mine, other)]
        if mine["allowed"] != other["allowed"] or messages[0] != messages[1]:
            raise SystemExit(f"the two do not agree:\n{mine}\n{other}")
