"""A log to be asked, with its engine."""

from pathlib import Path

from lockgate.audit.note import parse_verifier_key
from lockgate.audit.query.cursor import Cursors
from lockgate.audit.query.engine import Engine
from lockgate.audit.standing import Standing
from lockgate.audit.store.searching import Search
from lockgate.audit.trust import Trust
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.trails import ORIGIN, POLICIES, START_MS, Trail, make_trail

KEY = b"c" * 32


def engine_of(trail: Trail, key: bytes = KEY, asker: str = "", now_ms: int = START_MS) -> Engine:
    """An engine over a trail as it stands."""
    keys = (parse_verifier_key(trail.vkey),)
    trust = Trust(ORIGIN, keys, "us", (), parse_witness_policy("quorum none\n"), 3600)
    standing = Standing(trail.store, trust, (), now_ms)
    return Engine(trail.store, Search(trail.store), standing, Cursors(key, ORIGIN, asker), now_ms)


def make_asked(folder: Path) -> Trail:
    """Some hundred entries of several kinds, in a file."""
    return fill_asked(make_trail(f"sqlite:///{folder / 'trail.db'}"))


def fill_asked(trail: Trail) -> Trail:
    """Some hundred entries of several kinds, some days apart."""
    appender, recorder = trail.appender, trail.recorder
    for round_ in range(6):
        trail.fill(40)
        appender.append(recorder.policy_change("changed", f"{round_}" * 64, policy="Kind/name", actor="us"))
        appender.append(recorder.exemption("granted", f"x-{round_}", POLICIES, actor="owner"))
        appender.append(recorder.exemption("used", f"x-{round_}", POLICIES, namespace="team-1", actor="cd"))
        appender.append(recorder.access("export", 3, "auditor", None))
        appender.append(trail.decide(3, environment="staging"))
        trail.clock.now_ms += 24 * 3_600_000
    appender.close()
    return trail
