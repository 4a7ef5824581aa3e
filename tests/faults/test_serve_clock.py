"""The server while its wall clock jumps by hours, under traffic: deadlines are by another clock, and moments hold as told."""

import json
import time
from pathlib import Path

from tests.faults.shims import build, needs_compiler
from tests.faults.traffic import check_recorded, make_home, traffic_on
from tests.gatekeeper.break_glass.making import policy_value
from tests.webhook.serving.server_processes import SECONDS, STEP_SECONDS, running_server, write_policies
from tests.webhook.serving.test_serve_glass import granted, scraped, wait_for_value

HOUR_S = 3_600


@needs_compiler
def test_a_clock_that_jumps_fails_no_request(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    shift, glass = tmp_path / "shift", tmp_path / "glass"
    glass.mkdir()
    (glass / "policy.json").write_text(json.dumps(policy_value()))
    (glass / "night.json").write_text(json.dumps(granted("night-1")))
    environment = {"LD_PRELOAD": str(build(tmp_path, "shifted_clock")), "SHIFT_FILE": str(shift)}
    options = ["--trail", str(home), "--break-glass", str(glass)]
    place = tmp_path / "certificates"
    with (
        running_server(
            tmp_path, write_policies(tmp_path), options, own=str(place), environment=environment
        ) as server,
        traffic_on(server) as traffic,
    ):
        wait_for_value(server, "lockgate_break_glass_grants", "active", 1)
        for hours, state in ((3, "expired"), (0, "active"), (-5, "not_yet"), (0, "active")):
            shift.write_text(str(hours * HOUR_S))
            wait_for_value(server, "lockgate_break_glass_grants", state, 1)
            traffic.wait_for(20, lambda: traffic.allowed)
            assert server.probe("/readyz")[0] == 200
        # Coverage and certificates have been looked at with each of them.
        found = scraped(server)
        end = time.monotonic() + SECONDS
        while scraped(server)["lockgate_trail_entries", ""] <= found["lockgate_trail_entries", ""]:
            assert time.monotonic() < end
            time.sleep(STEP_SECONDS)
        assert found["lockgate_certificate_not_after_timestamp_seconds", "serving"] > time.time()
    assert not traffic.closed
    assert not traffic.errors
    assert not server.events("coverage not recorded")
    assert not server.events("certificates not kept")
    check_recorded(home, traffic.allowed)
