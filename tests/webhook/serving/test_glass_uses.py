"""What a grant let through is recorded, or kept until it can be, and taken into the trail once."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from lockgate.audit.errors import TrailError
from lockgate.webhook.cli import run
from lockgate.webhook.serving.admitting import Admitted
from lockgate.webhook.serving.glass_uses import GlassUses, describe_call
from lockgate.webhook.serving.wire import AdmissionCall, CallReader
from lockgate.webhook.spool import Spool, read_spool
from lockgate.webhook.trail import Trail, open_trail

from tests.gatekeeper.break_glass.making import sign, unsigned
from tests.webhook.serving.server_processes import config_map, review_of
from tests.webhook.serving.test_admitting_glass import admitting


def call(uid: str = "u-1", name: str = "settings", **fields: Any) -> AdmissionCall:
    return CallReader().read(json.dumps(review_of(config_map(name, uid="o-1"), uid, **fields)).encode())


def let_through(asked: AdmissionCall) -> Admitted:
    found = admitting(sign(unsigned())).admit(asked, monotonic() + 60)
    assert found.grant == "night-1"
    return found


@pytest.fixture
def trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trail]:
    monkeypatch.chdir(tmp_path)
    assert run(["audit", "init", "trail", "--origin", "example.com/lockgate/cluster"]) == 0
    with open_trail("trail") as opened:
        yield opened


def test_what_was_denied_is_described() -> None:
    use = describe_call(call(), let_through(call()))
    assert (use.outcome, use.operation, use.resource) == ("deny", "CREATE", "v1/ConfigMap")
    assert (use.subject, use.namespace, use.actor) == (
        "/v1/ConfigMap/default/settings/o-1",
        "default",
        "admin",
    )
    assert (use.stopped, use.reason, use.claimed) == (("NeedsOwner/owners",), "", "")


def test_what_could_not_be_judged_is_described_alike() -> None:
    admitted = admitting(sign(unsigned())).closed("no time", call())
    use = describe_call(call(), admitted)
    judged = describe_call(call(), let_through(call()))
    assert (use.outcome, use.reason, use.stopped) == ("error", "no time", ())
    assert (use.subject, use.namespace, use.actor, use.resource) == (
        judged.subject,
        judged.namespace,
        judged.actor,
        judged.resource,
    )


def test_a_use_is_recorded_once_and_another_review_of_its_uid_is_another(trail: Trail) -> None:
    uses = GlassUses(trail.recorder(), None)
    with trail.appending() as appending:
        append = appending.appender.append
        first = append(uses.draft(call(), let_through(call())))
        assert append(uses.draft(call(), let_through(call()))).index == first.index
        forged = call(name="other")
        assert append(uses.draft(forged, let_through(forged))).index != first.index


def test_what_is_kept_is_taken_in_later(trail: Trail, tmp_path: Path) -> None:
    tag = trail.master_key().spool_tag
    uses = GlassUses(trail.recorder(), Spool(tmp_path / "spool", tag))
    for _ in range(2):
        uses.keep(call(), let_through(call()))
    (one,), problems = read_spool(tmp_path / "spool", tag)
    assert problems == ()
    assert (one.grant, one.use.outcome) == ("night-1", "deny")
    assert one.use.claimed


def test_without_a_spool_nothing_is_kept(trail: Trail) -> None:
    with pytest.raises(TrailError, match="no spool"):
        GlassUses(trail.recorder(), None).keep(call(), let_through(call()))
