"""`lockgate quota show`: a table, a snapshot that check takes, and a picture."""

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from lockgate.engine.quota.amounts import Charge, Limit, QuotaKey, Usage
from lockgate.engine.quota.store.history import Span
from lockgate.webhook.quota.curves import MAX_STEPS, Curve, curves
from lockgate.webhook.quota.plot import render_plot

from tests.engine.quota.ledgers import CLUSTER, SECOND, START, asked, make_ledger, seen
from tests.gatekeeper.quotas.making import quota
from tests.webhook.helpers import Ran
from tests.webhook.quota.conftest import Here
from tests.webhook.quota.making import CLASS, DEVICES, claim, text
from tests.webhook.quota.test_check import POLICY
from tests.webhook.quota.test_snapshot import SCHEMA

KEY = QuotaKey(CLUSTER, "gpus/team-a", DEVICES)
NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "ml", "labels": {"team": "team-a"}},
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A ledger in which two objects hold something, and the quotas of its cluster."""
    ledger = make_ledger(tmp_path)
    for uid, devices in (("a", 3), ("b", 4)):
        wanted = asked(uid, devices, charges=(Charge(KEY, devices),), limits=(Limit(KEY, 8, 6),))
        ledger.reserve(wanted, START)
    ledger.confirm([seen("a", 3, 1, charges=(Charge(KEY, 3),))], START + SECOND)
    ledger.engine.dispose()
    teams = quota(scope={"team": {"label": "team"}}, limits=[{"class": CLASS, "hard": 8, "soft": 6}])
    (tmp_path / "quotas.yaml").write_text(text(teams, NAMESPACE))
    return tmp_path


def show(here: Here, place: Path, *arguments: str) -> Ran:
    return here("quota", "show", "--ledger", "ledger.db", "--cluster", CLUSTER, *arguments, cwd=place)


def test_table(here: Here, place: Path) -> None:
    ran = show(here, place)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "QUOTA        WHAT                              USED  RESERVED  SPENT  SOFT  HARD  HELD BY\n"
        "gpus/team-a  devices of class gpu.example.com     3         4      0     6     8  "
        "resourceclaims.resource.k8s.io team-a/claim-b (4), resourceclaims.resource.k8s.io team-a/claim-a (3)\n"
    )


def test_one_quota(here: Here, place: Path) -> None:
    assert "team-a" in show(here, place, "--quota", "gpus").out
    assert "nothing was ever counted" in show(here, place, "--quota", "other").out


def test_a_snapshot_is_what_check_takes(here: Here, place: Path) -> None:
    ran = show(here, place, "--quotas", "quotas.yaml", "--format", "json", "--output", "snapshot.json")
    assert (ran.code, ran.err) == (0, "")
    snapshot = json.loads((place / "snapshot.json").read_text())
    jsonschema.validate(snapshot, SCHEMA)
    assert snapshot["usage"][0] == {
        "scope": "gpus/team-a",
        "dimension": DEVICES,
        "window": 0,
        "used": 3,
        "reserved": 4,
        "spent": 0,
        "holders": [
            {"object": "resourceclaims.resource.k8s.io team-a/claim-b", "amount": 4},
            {"object": "resourceclaims.resource.k8s.io team-a/claim-a", "amount": 3},
        ],
    }
    (place / "claim.json").write_text(text(claim(2)))
    (place / "policy.yaml").write_text(POLICY)
    judged = here("check", "-p", "policy.yaml", "--quota-snapshot", "snapshot.json", "claim.json", cwd=place)
    assert judged.code == 1
    assert "limit 8, used 3, reserved 4, asked 2; 1 left; held by resourceclaims" in judged.out


def test_a_picture(here: Here, place: Path) -> None:
    assert show(here, place, "--svg", "use.svg", "--since", "400d").code == 0
    root = ElementTree.fromstring((place / "use.svg").read_text())
    assert "gpus/team-a: devices of class gpu.example.com" in "".join(root.itertext())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "json"), "--format json needs --quotas"),
        (("--since", "soon"), "--since takes a span of time"),
        (("--quotas", "ledger.db"), "ledger.db"),
        (("--quotas", "absent.yaml"), "does not exist"),
    ],
)
def test_wrong_usage(here: Here, place: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = show(here, place, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_no_ledger_is_made(here: Here, tmp_path: Path) -> None:
    ran = here("quota", "show", "--ledger", "absent.db", "--cluster", "c", cwd=tmp_path)
    assert (ran.code, "there is no ledger at absent.db" in ran.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def usage(used: int, hard: int | None = 8, key: QuotaKey = KEY) -> Usage:
    return Usage(key, used, 0, 0, hard, None)


def test_steps() -> None:
    spans = [
        Span(KEY, 10 * SECOND, 3, 30 * SECOND),
        Span(KEY, 20 * SECOND, 2),
        Span(KEY, 1 * SECOND, 4, 5 * SECOND),
        Span(KEY, 99 * SECOND, 7),
    ]
    (found,) = curves([usage(2)], spans, 8, 50)
    assert found.steps == ((8, 0), (10, 3), (20, 5), (30, 2))
    assert (found.hard, found.is_of_windows) == (8, False)


def test_windows_are_hours() -> None:
    hours = [
        usage(7_200 * n, 36_000, QuotaKey(CLUSTER, "g", f"gpu-seconds/{CLASS}", n * 100)) for n in (1, 2, 3)
    ]
    (found,) = curves(hours, [], 150, 400)
    assert (found.steps, found.hard, found.is_of_windows) == (((200, 4), (300, 6)), 10, True)
    # What is held for the window after this one is not drawn.
    (now,) = curves(hours, [], 150, 250)
    assert now.steps == ((200, 4),)


def test_many_steps_keep_their_peak() -> None:
    spans = [Span(KEY, n * SECOND, 1, (n + 1) * SECOND) for n in range(3, 9_000, 2)]
    spans.append(Span(KEY, 5_000 * SECOND, 50, 5_001 * SECOND))
    (found,) = curves([usage(0)], spans, 0, 10_000)
    assert len(found.steps) <= MAX_STEPS + 1
    assert max(amount for _, amount in found.steps) >= 50


@pytest.mark.parametrize(
    "some",
    [
        (),
        (Curve("<quota> & 'a'", ((0, 0),), None, None),),
        (
            Curve("q", (), 0, 0),
            Curve("w", ((0, 3), (50, 4)), 5, 4, True),
            Curve("x" * 500, ((0, 2**60),), 1, None),
        ),
    ],
)
def test_pictures_are_well_formed(some: tuple[Curve, ...]) -> None:
    root = ElementTree.fromstring(render_plot(some, 0, 100))
    assert root.tag.endswith("svg")
    ElementTree.fromstring(render_plot(some, 100, 100))


def texts(some: Curve, since_s: int = 0, now_s: int = 100) -> list[tuple[str, float, float]]:
    """What is written, and where."""
    root = ElementTree.fromstring(render_plot([some], since_s, now_s))
    found = [one for one in root.iter() if one.tag.endswith("}text")]
    return [(one.text or "", float(one.attrib["x"]), float(one.attrib["y"])) for one in found]


@pytest.mark.parametrize(("hard", "soft"), [(100, 99), (100, 100), (100, 1), (0, 0)])
def test_names_of_limits_stand_beside_the_picture_and_beneath_each_other(hard: int, soft: int) -> None:
    (upper, lower) = [
        one for one in texts(Curve("q", ((0, 9),), hard, soft)) if one[0][:4] in ("hard", "soft")
    ]
    assert (upper[0], lower[0]) == (f"hard {hard}", f"soft {soft}")
    assert upper[1] == lower[1] > 850
    assert lower[2] - upper[2] >= 12


def test_large_numbers_have_room() -> None:
    written = [one[0] for one in texts(Curve("q", ((0, 1),), 2**53, None))]
    assert "9.01e+15" in written
    assert max(map(len, written)) <= len("1970-01-01 00:00")


def test_weeks_are_marked_where_they_begin() -> None:
    # From Tuesday, 2026-05-05, to 2026-06-02.
    since = 1_777_939_200
    written = [one[0] for one in texts(Curve("q", (), 1, None), since, since + 28 * 86_400)]
    assert [one for one in written if one.startswith("05-")] == ["05-11", "05-18", "05-25"]


def test_many_windows_do_not_hide_the_limit() -> None:
    hourly = Curve("q", tuple([(n, 1) for n in range(720)]), 1, None, True)
    root = ElementTree.fromstring(render_plot([hourly], 0, 720))
    bars = [one for one in root.iter() if one.get("class") == "ink"]
    assert len(bars) == 720
    assert not [one for one in bars if "stroke" in one.attrib]
