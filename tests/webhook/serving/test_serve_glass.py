"""Break-glass and metrics of a running server, end to end."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.gatekeeper.break_glass.making import policy_value, sign, unsigned
from tests.webhook.serving.server_processes import (
    SECONDS,
    STEP_SECONDS,
    Server,
    config_map,
    review_of,
    running_server,
    write_policies,
)


def scraped(server: Server) -> dict[tuple[str, str], float]:
    """Values by name and the values of labels, these in the order of their names."""
    status, text = server.probe("/metrics")
    assert status == 200
    return {
        (sample.name, ",".join([value for _, value in sorted(sample.labels.items())])): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def wait_for_value(server: Server, name: str, labels: str, value: float) -> dict[tuple[str, str], float]:
    end = time.monotonic() + SECONDS
    while (found := scraped(server)).get((name, labels)) != value:
        assert time.monotonic() < end, found.get((name, labels))
        time.sleep(STEP_SECONDS)
    return found


def granted(name: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    texts = [(now + timedelta(minutes=one)).strftime("%Y-%m-%dT%H:%M:%SZ") for one in (-1, 20)]
    return sign(unsigned(name, **dict(zip(("from", "until"), texts, strict=True))))


def test_a_grant_from_its_file_to_its_end(tmp_path: Path) -> None:
    glass = tmp_path / "glass"
    glass.mkdir()
    (glass / "policy.json").write_text(json.dumps(policy_value()))
    folder = write_policies(tmp_path)
    with running_server(tmp_path, folder, ["--break-glass", str(glass), "--log-level", "debug"]) as server:
        assert not server.admit(review_of(config_map(), "u-1"))["allowed"]
        (glass / "night.json").write_text(json.dumps(granted("night-1")))
        server.wait_for("break-glass granted")
        found = wait_for_value(server, "lockgate_break_glass_grants", "active", 1)
        assert found["lockgate_break_glass_uses_total", ""] == 0
        # Workers are told before the grant is.
        end = time.monotonic() + SECONDS
        while not (answer := server.admit(review_of(config_map(), "u-2")))["allowed"]:
            assert time.monotonic() < end
            time.sleep(STEP_SECONDS)
        assert answer["warnings"][0].startswith("[break-glass] night-1 (OPS-1) until ")
        assert answer["auditAnnotations"] == {"break-glass": "night-1"}
        found = wait_for_value(server, "lockgate_break_glass_uses_total", "", 1)
        assert found["lockgate_violating_reviews_total", "deny,owners,NeedsOwner"] >= 1
        assert [line["uid"] for line in server.events("request") if line.get("grant") == "night-1"] == ["u-2"]
        saved = (glass / "night.json").read_bytes()
        (glass / "night.json").unlink()
        server.wait_for("break-glass revoked")
        wait_for_value(server, "lockgate_break_glass_grants", "active", 0)
        # The same once more is a replay.
        (glass / "again.json").write_bytes(saved)
        refused = server.wait_for("break-glass refused")
        assert refused["reason"] == "it was taken away before: make a new one"
        wait_for_value(server, "lockgate_break_glass_grants", "refused", 1)
        assert not server.admit(review_of(config_map(), "u-3"))["allowed"]


def test_metrics_of_a_running_server(tmp_path: Path) -> None:
    with running_server(tmp_path, write_policies(tmp_path)) as server:
        assert not server.admit(review_of(config_map(), "u-1"))["allowed"]
        assert server.admit(review_of(config_map(labels={"owner": "me"}), "u-2"))["allowed"]
        assert server.post(b"{")[0] == 400
        found = wait_for_value(server, "lockgate_requests_total", "refused", 1)
        found = wait_for_value(server, "lockgate_requests_total", "denied", 1)
        found = wait_for_value(server, "lockgate_requests_total", "allowed", 1)
        assert found["lockgate_decisions_total", "CREATE,deny"] == 1
        assert found["lockgate_decisions_total", "CREATE,allow"] == 1
        assert found["lockgate_violating_reviews_total", "deny,owners,NeedsOwner"] == 1
        assert found["lockgate_requests_refused_total", "malformed"] == 1
        assert found["lockgate_evaluation_seconds_count", ""] == 2
        assert found["lockgate_workers", ""] == 2
        assert found["lockgate_ready", ""] == 1
        assert found["lockgate_policies", ""] == 1
        assert found["lockgate_requests_in_flight", "worker-1"] == 0
        assert time.time() - found["lockgate_last_change_timestamp_seconds", ""] < 10 * SECONDS
        (line,) = server.events("request")
        assert (line["uid"], line["answer"], line["policies"]) == (
            "u-1",
            "denied",
            ["NeedsOwner/owners: deny"],
        )
