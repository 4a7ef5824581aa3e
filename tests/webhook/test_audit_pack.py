"""`lockgate audit pack` from the outside: what it writes, what the log keeps of it, and what it refuses."""

import base64
import importlib.util
import json
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.standalone.verify_trail import main

from tests.webhook.helpers import Ran
from tests.webhook.promoting.office import Office, open_office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = open_office(tmp_path_factory.mktemp("office"))
    steps = [made.approve(), made.approve(by="risk-2")]
    assert not [one.err for one in steps if one.code]
    return made


def pack(office: Office, *arguments: str) -> Ran:
    return office.run("audit", "pack", *arguments, "--trail", "trail")


def made_in_prod(office: Office) -> str:
    return str(next(one["entry"] for one in office.history() if one["environment"] == "prod"))


def value(office: Office, name: str) -> Any:
    return json.loads((office.folder / name / "pack.json").read_text())


def verify(office: Office, name: str) -> int:
    code: int = main([str(office.folder / name), "--log-key", str(office.folder / "trail" / "log.vkey")])  # type: ignore[no-untyped-call]
    return code


def test_a_promotion_with_names_has_what_was_signed(office: Office) -> None:
    ran = pack(
        office, "--promotion", made_in_prod(office), "-o", "revealed", "--reveal", "--actor", "auditor"
    )
    assert ran.code == 0, ran.err
    assert "1 promotions to revealed" in ran.out and verify(office, "revealed") == 0
    made = value(office, "revealed")
    entry = made["promotions"][0]
    envelopes = {one["entry"]: one for one in made["envelopes"]}
    assert [envelopes[index]["kind"] for index in (entry["request"], *entry["approvals"])] == [
        "statement",
        "approval",
        "approval",
    ]
    kept = json.loads(
        (office.folder / "revealed" / "envelopes" / f"{entry['request']}.dsse.json").read_text()
    )
    assert base64.b64decode(kept["payload"]) == office.payload()
    (line,) = next(one["lines"] for one in made["answers"] if one["question"] == "a1")
    assert line["requesterName"] == "asker"
    assert {one["name"] for one in line["approvers"]} == {"risk-1", "risk-2"}
    assert stat.S_IMODE((office.folder / "revealed").stat().st_mode) == 0o700
    # The log keeps both: that bodies were opened, and that they were taken away.
    last = [one["action"] for one in office.entries("access")]
    assert last[-2:] == ["reveal", "export"]


def test_without_names_nobody_is_named_and_the_log_keeps_that_it_was_taken(office: Office) -> None:
    before = len(office.entries("access"))
    ran = pack(office, "--promotion", made_in_prod(office), "-o", "masked")
    assert ran.code == 0, ran.err
    assert verify(office, "masked") == 0
    for place in (office.folder / "masked").rglob("*"):
        if place.is_file():
            assert not [name for name in (b"asker", b"risk-1", b"risk-2") if name in place.read_bytes()], (
                place
            )
    (kept,) = office.entries("access")[before:]
    assert (kept["action"], kept["entries"]) == ("export", len(value(office, "masked")["entries"]))


def test_a_period_of_a_model_has_nothing_of_others(office: Office) -> None:
    ran = pack(office, "--since", "2020-01-01", "--model", "another", "-o", "none")
    assert ran.code == 0, ran.err
    assert value(office, "none")["promotions"] == [] and verify(office, "none") == 0
    ran = pack(office, "--since", "2020-01-01", "-o", "all", "--to", "prod")
    assert ran.code == 0, ran.err
    assert [one["environment"] for one in value(office, "all")["promotions"]] == ["prod"]
    assert verify(office, "all") == 0


def test_oscal_comes_with_its_extra(office: Office) -> None:
    pytest.importorskip("trestle", reason="compliance-trestle is not installed (lockgate[oscal])")
    ran = pack(office, "--since", "2020-01-01", "--oscal", "-o", "oscal")
    assert ran.code == 0, ran.err
    assert "assessment-results" in json.loads((office.folder / "oscal" / "oscal.json").read_text())
    assert verify(office, "oscal") == 0


def test_without_the_extra_nothing_is_written_or_recorded(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = office.size()
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "lockgate.webhook.extras.find_spec", lambda name: None if name == "trestle" else find(name)
    )
    ran = pack(office, "--since", "2020-01-01", "--oscal", "-o", "absent")
    assert ran.code == 2 and "lockgate[oscal]" in ran.err
    assert not (office.folder / "absent").exists() and office.size() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "needs to know of what"),
        (("--promotion", "0"), "made no promotion"),
        (("--promotion", "3", "--since", "2020-01-01"), "not of both"),
        (("--since", "2020-13-01"), "is no time"),
        (("--since", "2020-01-02", "--until", "2020-01-01"), "ends before it begins"),
    ],
)
def test_what_is_no_question_leaves_no_trace(
    office: Office, arguments: tuple[str, ...], message: str
) -> None:
    before = office.size()
    ran = pack(office, *arguments, "-o", "refused")
    assert ran.code == 2 and message in ran.err and "Traceback" not in ran.err
    assert not (office.folder / "refused").exists() and office.size() == before


def test_a_folder_that_is_there_stays_as_it_is(office: Office) -> None:
    place = Path(office.folder, "there")
    place.mkdir()
    before = office.size()
    ran = pack(office, "--since", "2020-01-01", "-o", "there")
    assert ran.code == 2 and "exists already" in ran.err
    assert not [*place.iterdir()] and office.size() == before


def test_an_export_is_no_trail_to_make_a_pack_of(office: Office) -> None:
    assert office.run("audit", "export", "exported", "--trail", "trail").code == 0
    ran = office.run("audit", "pack", "--since", "2020-01-01", "-o", "of-export", "--trail", "exported")
    assert ran.code == 2 and "name a trail's home" in ran.err


def relisted(place: Path) -> None:
    """A manifest that agrees with whatever is there."""
    names = sorted(one.relative_to(place).as_posix() for one in place.rglob("*") if one.is_file())
    lines = [
        f"{sha256((place / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
        if name != "MANIFEST.sha256"
    ]
    (place / "MANIFEST.sha256").write_text("".join(lines))


def check(office: Office, name: str, *arguments: str) -> Ran:
    return office.run("audit", "verify", name, *arguments)


def test_verify_checks_a_pack_and_its_page(office: Office) -> None:
    assert pack(office, "--promotion", made_in_prod(office), "-o", "checked").code == 0
    ran = check(office, "checked", "--log-key", "trail/log.vkey")
    assert ran.code == 0 and "verified" in ran.out and "not compared" in ran.out
    ran = check(office, "checked", "--log-key", "trail/log.vkey", "--format", "json")
    assert json.loads(ran.out)["verdict"] == "verified"
    # Without a key, and with the one that lies in it.
    assert check(office, "checked").code == 4
    assert check(office, "checked", "--log-key", "checked/log.vkey").code == 4
    assert check(office, "checked", "--open", "--log-key", "trail/log.vkey").code == 2


@pytest.mark.parametrize("name", ["index.html", "oscal.json"])
def test_verify_finds_a_page_that_says_something_else(office: Office, name: str, tmp_path: Path) -> None:
    if name == "oscal.json":
        pytest.importorskip("trestle", reason="compliance-trestle is not installed (lockgate[oscal])")
    more = ["--oscal"] if name == "oscal.json" else []
    place = office.folder / f"changed-{name}"
    assert pack(office, "--promotion", made_in_prod(office), "-o", place.name, *more).code == 0
    assert check(office, place.name, "--log-key", "trail/log.vkey").code == 0
    page = place / name
    page.write_text(page.read_text().replace("prod", "dev").replace("self-attested", "witnessed"))
    relisted(place)
    # Their digests agree now, and that is all that the stand-alone verifier looks at.
    assert verify(office, place.name) == 0
    ran = check(office, place.name, "--log-key", "trail/log.vkey")
    assert ran.code == 3 and name in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize("text", ["{}", "[]", "null", "{", "[" * 100_000, '{"asOf": 1}', "\ud800"])
def test_a_pack_that_is_none_is_a_finding(office: Office, text: str) -> None:
    place = office.folder / f"hostile-{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    assert pack(office, "--promotion", made_in_prod(office), "-o", place.name).code == 0
    (place / "pack.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    relisted(place)
    ran = check(office, place.name, "--log-key", "trail/log.vkey")
    assert ran.code == 3 and "Traceback" not in ran.err
    assert verify(office, place.name) == 3
