"""Trails for tests: small logs of decisions on made-up objects, with keys of their own and a clock that is told."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lockgate.audit.draft import Draft
from lockgate.audit.note import render_verifier_key
from lockgate.audit.receipt import Receipt
from lockgate.audit.recorder import Caller, Recorder, Subject
from lockgate.audit.signing import Ed25519Signer
from lockgate.audit.store.appender import Appender
from lockgate.audit.store.store import Store, create_log, open_store
from lockgate.audit.vault import MasterKey, Vault
from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Decision, PolicyKey, Violation
from lockgate.engine.review import Review

ORIGIN = "example.com/lockgate/test"
POLICIES = "5" * 64
MASTER = MasterKey(b"m" * 32)
START_MS = 1_790_000_000_000


@dataclass
class Clock:
    """A clock that moves when it is told to, and a little whenever it is read."""

    now_ms: int = START_MS
    step_ms: int = 1

    def __call__(self) -> int:
        self.now_ms += self.step_ms
        return self.now_ms


def pod(name: str, namespace: str, **spec: Value) -> dict[str, Value]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-of-{name}"},
        "spec": {"containers": [{"name": "main", "image": "registry.example/app:1"}], **spec},
    }


def review(obj: dict[str, Value], user: str = "alice@example.com") -> Review:
    meta = obj["metadata"]
    assert isinstance(meta, dict)
    request: dict[str, Value] = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": str(obj["kind"])},
        "operation": "CREATE",
        "name": meta["name"],
        "namespace": meta.get("namespace", ""),
        "userInfo": {"username": user, "extra": {"session": ["extra-of-the-user-7d1f"]}},
        "object": obj,
    }
    return Review(request, obj, None, None)


def decision(verdict: str = "allow", breached: int = 0) -> Decision:
    violations = tuple(
        [
            Violation(PolicyKey("K8sRequired", f"rule-{place}"), f"rule {place} is breached", ("deny",))
            for place in range(breached)
        ]
    )
    return Decision(verdict, violations, (), (), POLICIES, "", matched=max(1, breached))  # type: ignore[arg-type]


def draft_decision(recorder: Recorder, number: int = 0, caller: Caller | None = None, **how: str) -> Draft:
    """A draft of a decision; every fourth denies."""
    obj = pod(f"pod-{number}", how.get("namespace", f"team-{number % 3}"))
    verdict = "deny" if number % 4 == 1 else "allow"
    subject = Subject(how.get("model", f"model-{number % 2}"), how.get("environment", "prod"))
    made = decision(verdict, 2 if verdict == "deny" else 0)
    return recorder.decision(review(obj), made, subject, how.get("request", ""), caller)


@dataclass
class Trail:
    """A store with what appends to it."""

    store: Store
    signer: Ed25519Signer
    vault: Vault
    recorder: Recorder
    appender: Appender
    clock: Clock

    @property
    def vkey(self) -> str:
        return render_verifier_key(self.signer.verifier_key)

    def decide(self, number: int = 0, caller: Caller | None = None, **how: str) -> Draft:
        return draft_decision(self.recorder, number, caller, **how)

    def fill(self, count: int) -> list[Receipt]:
        futures = [self.appender.submit(self.decide(number)) for number in range(count)]
        return [future.result(30) for future in futures]

    def close(self) -> None:
        self.appender.close()
        self.store.close()


def opening(origin: str, vkey: str) -> Draft:
    return Draft("log", {"event": "opened", "origin": origin, "vkey": vkey}, ("log",))


def private_key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))


def make_trail(url: str, origin: str = ORIGIN, key: int = 1, clock: Clock | None = None) -> Trail:
    clock = clock or Clock()
    store = create_log(url, origin, clock(), MASTER.seal_key)
    trail = attach(store, key, clock)
    trail.appender.append(opening(origin, trail.vkey))
    return trail


def reopen_trail(url: str, origin: str = ORIGIN, key: int = 1, clock: Clock | None = None) -> Trail:
    store = open_store(url, origin)
    try:
        return attach(store, key, clock or Clock())
    except BaseException:
        store.close()
        raise


def attach(store: Store, key: int, clock: Clock) -> Trail:
    signer = Ed25519Signer(store.origin, private_key(key))
    vault = Vault(MASTER, store)
    appender = Appender(store, [signer], MASTER.seal_key, clock=clock)
    return Trail(store, signer, vault, Recorder(vault, "lockgate/test"), appender, clock)


@contextmanager
def open_trail(folder: Path) -> Iterator[Trail]:
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    try:
        yield trail
    finally:
        trail.close()


def make_large(path: Path, size: int) -> Trail:
    """A log of at least so many decisions, appended in large batches from two thousand drafts; its appender is closed."""
    trail = make_trail(f"sqlite:///{path}", clock=Clock(step_ms=3))
    trail.appender.close()
    drafts = [trail.decide(number) for number in range(2000)]
    batches = trail.store.batch_appender(trail.vault.master.seal_key)
    while trail.store.head().size < size:
        with trail.store.write() as connection:
            for start in range(0, len(drafts), 500):
                batches.append(connection, drafts[start : start + 500], trail.clock())
    trail.store.close()
    # Opening it signs what was appended without a checkpoint.
    trail = reopen_trail(str(path), clock=trail.clock)
    trail.appender.close()
    return trail


def tampered(path: Path, *statements: str) -> None:
    """Changes a database as somebody does who has its file: triggers do not stop them."""
    connection = sqlite3.connect(path)
    for table in ("leaf_insert", "leaf_update", "leaf_delete", "checkpoint_insert", "checkpoint_update"):
        connection.execute(f"DROP TRIGGER IF EXISTS {table}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
