"""docs/gatekeeper.md has the table of differences from gator that `make e2e` measures."""

from tests.e2e.gator_causes import BEGIN, CAUSES, END, render_causes
from tests.shared_folder import ROOT


def test_the_table_is_the_measured_one() -> None:
    page = (ROOT / "docs" / "gatekeeper.md").read_text("utf-8")
    _, begin, rest = page.partition(f"{BEGIN}\n")
    written, end, _ = rest.partition(f"\n{END}")
    assert begin and end
    assert written == render_causes(), "put the text of render_causes() between the two remarks"


def test_every_cause_is_one() -> None:
    """None is listed that explains nothing, or twice."""
    assert all(one.only_check + one.only_gator > 0 for one in CAUSES)
    assert len({one.key for one in CAUSES}) == len(CAUSES)
