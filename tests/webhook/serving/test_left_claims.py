"""What a server that was killed left claimed is known to the next one, as far as the log can tell."""

import time
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.seen import SEEN_WITHIN_MS, seen_drafts
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.cli import run
from lockgate.webhook.serving.claims import Claim, masked_content, object_content
from lockgate.webhook.serving.left_claims import left_claims
from lockgate.webhook.trail import open_trail

from tests.webhook.serving.server_processes import config_map, review_of, running_server, write_policies

KIND = GroupVersionKind("", "v1", "ConfigMap")
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def owned(uid: str, **metadata: Any) -> dict[str, Any]:
    value = config_map(labels={"owner": "me"})
    return {**value, "metadata": {**value["metadata"], "uid": uid, **metadata}}


def test_what_was_claimed_is_looked_for_by_the_next_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "trail"
    assert run(["audit", "init", str(home), "--origin", "example.com/lockgate/left"]) == 0
    plain, told, applied = owned("uid-1"), owned("uid-2"), owned("uid-3", annotations={APPLIED: "{}"})
    with running_server(tmp_path, write_policies(tmp_path), ["--trail", str(home)]) as server:
        answers = [
            server.admit(review_of(plain, "a")),
            server.admit(review_of(config_map(), "denied")),
            server.admit(review_of(told, "b")),
            server.admit(review_of(applied, "c", operation="UPDATE", oldObject=plain)),
            server.admit(review_of(plain, "d", operation="DELETE", object=None, oldObject=plain)),
            server.admit(review_of(plain, "e", subResource="scale")),
        ]
        server.process.kill()
        server.process.wait()
    places = [int(one["auditAnnotations"]["record-index"]) for one in answers]
    now_ms = time.time_ns() // 1_000_000
    with open_trail(str(home)) as trail:
        with trail.appending() as appending:
            (draft,) = seen_drafts("a", [places[2]])
            appending.appender.append(draft, 30)
        assert left_claims(trail, now_ms) == (
            Claim(places[0], KIND, "uid-1", object_content(plain, "without status"), "masked"),
            Claim(places[3], KIND, "uid-3", masked_content(applied, "without status"), "masked"),
            Claim(places[4], KIND, "uid-1", "", "masked"),
        )
        # So late nobody would believe it.
        assert left_claims(trail, now_ms + SEEN_WITHIN_MS + 60_000) == ()
    assert masked_content(applied, "without status") != object_content(applied, "without status")
