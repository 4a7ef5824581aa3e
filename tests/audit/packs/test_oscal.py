"""OSCAL assessment results of packs, as compliance-trestle reads them."""

import json
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.packs.oscal import checked_oscal, control_id, line_of, oscal_value

from tests.audit.packs.packing import Made, days, hostile, make_pack

trestle = pytest.importorskip(
    "trestle.oscal.assessment_results", reason="compliance-trestle is not installed (lockgate[oscal])"
)


@pytest.mark.parametrize("which", ["promotion", "period", "revealed"])
def test_trestle_reads_what_is_written(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    made: Made = request.getfixturevalue(which)
    data = checked_oscal(made.value)
    assert data == checked_oscal(json.loads(made.files["pack.json"]))
    place = tmp_path / "oscal.json"
    place.write_bytes(data)
    read = trestle.AssessmentResults.oscal_read(place)
    (result,) = read.results
    assert result.observations and len({one.uuid for one in result.observations}) == len(result.observations)
    assert {one.value for one in result.props if one.name == "proof-state"} == {"self-attested"}
    assert made.value["controls"]["review"] == read.metadata.remarks


def test_nothing_is_satisfied_and_findings_stand_on_entries(period: Made, revealed: Made) -> None:
    result = oscal_value(period.value)["assessment-results"]["results"][0]
    assert {one["target"]["status"]["state"] for one in result["findings"]} == {"not-satisfied"}
    observed = {one["uuid"] for one in result["observations"]}
    for one in result["findings"]:
        assert one["related-observations"][0]["observation-uuid"] in observed
        assert "entries " in one["description"]
    active = [line for line in revealed.value["answers"][1]["lines"] if line["state"] == "active"]
    risks = oscal_value(revealed.value)["assessment-results"]["results"][0]["risks"]
    assert active and len(risks) == len(active) and all("deadline" in one for one in risks)


def test_hostile_names_do_not_break_it(revealed: Made) -> None:
    # Times, numbers and ids of frameworks are not somebody's text.
    kept = ("asOf", "scope", "time", "id", "question", "state", "until")
    value: Any = hostile(json.loads(revealed.files["pack.json"]), kept)
    made = json.loads(checked_oscal(value))
    assert made["assessment-results"]["results"][0]["observations"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("", "-"), ("\n", "-"), (" a\n b ", "a b"), ("a\u202eb", "a b"), ("x" * 900, "x" * 500), (5, "5")],
)
def test_a_line_is_one(text: object, line: str) -> None:
    assert line_of(text) == line


def test_controls_are_tokens(period: Made) -> None:
    made = {
        control_id(framework["id"], one["id"])
        for framework in period.value["controls"]["frameworks"]
        for one in framework["controls"]
    }
    assert {"soc2_cc6.1", "iso27001_a.5.28", "eu-ai-act_art-26-6", "nist-ai-rmf_govern-1.4"} <= {
        one.replace("art.-", "art-") for one in made
    }


def test_another_period_has_other_numbers(period: Made, year: Any) -> None:
    other = make_pack(year.trail, days(90, 121))
    assert oscal_value(period.value)["assessment-results"]["uuid"] != oscal_value(other.value)["assessment-results"]["uuid"]  # fmt: skip
