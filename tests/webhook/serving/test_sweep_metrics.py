"""The metrics of a sweep: Prometheus' own parser reads them, and the page names them."""

from pathlib import Path

import pytest
from lockgate.engine.decision import PolicyKey
from lockgate.webhook.serving.sweep_metrics import FAMILIES, SweepNumbers, render_sweep_metrics
from lockgate.webhook.serving.sweep_totals import ConstraintTotal
from prometheus_client.parser import text_string_to_metric_families

from tests.shared_folder import ROOT

TOTAL = ConstraintTotal(PolicyKey("Probe", 'a"\\\nb'), ("deny", "warn"), False, 7, 1, 2, 3, ())


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_is_rendered_is_read_again() -> None:
    found = samples(render_sweep_metrics(SweepNumbers(objects=5, last_pass_s=1.5, is_leader=True), [TOTAL]))
    name = 'a"\\\nb'
    assert found["lockgate_sweep_violations", ("Probe", name, "deny,warn")] == 7
    assert found["lockgate_sweep_exempted_violations", ("Probe", name)] == 1
    assert found["lockgate_sweep_unjudged_objects", ("Probe", name, "failed")] == 2
    assert found["lockgate_sweep_unjudged_objects", ("Probe", name, "unknown")] == 3
    assert found["lockgate_sweep_objects", ()] == 5
    assert found["lockgate_sweep_last_pass_timestamp_seconds", ()] == 1.5
    assert found["lockgate_sweep_leader", ()] == 1


def test_every_family_has_its_type_from_the_beginning() -> None:
    text = render_sweep_metrics(SweepNumbers(), ())
    found = {family.name: family.type for family in text_string_to_metric_families(text)}
    wanted = {one.name.removesuffix("_total"): one.kind for one in FAMILIES}
    assert found == wanted


@pytest.mark.parametrize("name", [one.name for one in FAMILIES])
def test_the_page_names_each(name: str) -> None:
    assert f"`{name}`" in Path(ROOT, "docs", "sweep.md").read_text()
