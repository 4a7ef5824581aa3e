"""Evidence packs: they have what they say, say what they lack, and whatever is changed in one is found by the stand-alone verifier."""

import json
import re
import sqlite3
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import lockgate.webhook
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.packs.collect import STREAMS, collect
from lockgate.audit.packs.page import render_page
from lockgate.audit.packs.scope import Scope
from lockgate.audit.query.errors import QuestionError
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.store.tables import LOG_SPAN

from tests.audit.packs.packing import (
    MANIFEST,
    NAMES,
    Made,
    changed,
    days,
    hostile,
    in_prod,
    listed,
    make_pack,
    source_of,
    verify,
)
from tests.audit.query.year import DAY_MS, DAYS, FIRST_MS, Year
from tests.audit.trails import Clock, reopen_trail

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "webhook" / "schemas" / "evidence-pack.schema.json").read_text()
)


def test_a_promotion_comes_with_its_lineage_and_verifies(
    year: Year, promotion: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = promotion.value["promotions"]
    kinds = [
        (entry["entry"]["event"], entry["entry"]["environment"])
        for entry in promotion.value["entries"]
        if entry["entry"]["kind"] == "promotion" and entry["entry"]["event"] in ("requested", "promoted")
    ]
    # The bytes came from dev by staging into prod.
    assert kinds == [(what, to) for to in ("dev", "staging", "prod") for what in ("requested", "promoted")]
    assert one["entry"] == in_prod(year) and one["environment"] == "prod"
    assert {answer["question"] for answer in promotion.value["answers"]} == {"a1", "a4", "a5", "a8"}
    assert verify(tmp_path / "a", promotion.files, promotion.vkey) == 0
    told = capsys.readouterr().out
    assert "self-attested" in told and "not compared: answers" in told
    assert verify(tmp_path / "b", promotion.files) == 4


def test_a_period_has_all_that_was_made_in_it_and_verifies(year: Year, period: Made, tmp_path: Path) -> None:
    known = [
        index
        for index, _, _, time in year.known.promotions
        if FIRST_MS + 90 * DAY_MS <= time < FIRST_MS + 120 * DAY_MS
    ]
    assert known and [one["entry"] for one in period.value["promotions"]] == known
    assert [one["name"] for one in period.value["streams"]] == [*STREAMS]
    assert verify(tmp_path / "pack", period.files, period.vkey) == 0


@settings(
    deadline=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(-2, DAYS), st.integers(1, 40), st.booleans(), st.sampled_from(["", "fraud", "churn"]))
def test_whatever_the_period_the_verifier_agrees_that_it_is_whole(
    year: Year,
    tmp_path_factory: pytest.TempPathFactory,
    since: int,
    length: int,
    is_open: bool,
    model: str,
) -> None:
    scope = days(since, None if is_open and since > DAYS - 40 else since + length, model)
    made = make_pack(year.trail, scope)
    known = [
        index for index, name, _, time in year.known.promotions if scope.covers(time) and model in ("", name)
    ]
    assert [one["entry"] for one in made.value["promotions"]] == known
    assert verify(tmp_path_factory.mktemp("pack") / "pack", made.files, made.vkey) == 0


def test_the_same_log_and_question_make_the_same_bytes(year: Year, promotion: Made, revealed: Made) -> None:
    assert make_pack(year.trail, Scope(in_prod(year)), reveal=True).files == promotion.files
    assert make_pack(year.trail, days(90, 120), reveal=True).files == revealed.files


def test_names_are_masked_unless_they_are_asked_for(period: Made, revealed: Made) -> None:
    masked = b"".join([data for name, data in period.files.items() if name != "verify_trail.py"])
    # Words of our own guide aside, of which none is a name.
    assert not [name for name in NAMES if re.search(rb"[\"\s>]" + name + rb"[\"\s<]", masked)]
    assert not [name for name in period.files if name.startswith(("bodies/", "envelopes/"))]
    assert "masked" in period.value["identities"] and any(
        "who people are" in one for one in period.value["notShown"]
    )
    assert all(f'"{name}"'.encode() in revealed.files["pack.json"] for name in ("asker", "risk-1", "risk-2"))
    assert [name for name in revealed.files if name.startswith("envelopes/")]


@pytest.mark.parametrize("which", ["promotion", "period", "revealed"])
def test_a_pack_is_as_its_schema_says(which: str, request: pytest.FixtureRequest) -> None:
    made: Made = request.getfixturevalue(which)
    Draft202012Validator.check_schema(SCHEMA)
    assert not [*Draft202012Validator(SCHEMA).iter_errors(json.loads(made.files["pack.json"]))]


def test_a_flipped_byte_in_any_file_is_found(promotion: Made, tmp_path: Path) -> None:
    for number, name in enumerate(sorted(promotion.files)):
        data = bytearray(promotion.files[name])
        data[len(data) // 2] ^= 1
        code = verify(tmp_path / str(number), {**promotion.files, name: bytes(data)}, promotion.vkey)
        assert code == 3, name


def test_a_file_more_or_less_is_found(promotion: Made, tmp_path: Path) -> None:
    for number, name in enumerate(
        sorted(set(promotion.files) - {"verify_trail.py", "VERIFY.md", "index.html"})
    ):
        less = {one: data for one, data in promotion.files.items() if one != name}
        files = less if name == MANIFEST else listed(less)
        assert verify(tmp_path / str(number), files, promotion.vkey) == 3, name
    for number, name in enumerate(("more", "proofs/1", "bodies/0.json", "proofs/9999999.tlog-proof")):
        more = listed({**promotion.files, name: b"{}"})
        assert verify(tmp_path / f"more-{number}", more, promotion.vkey) == 3, name


def _first(name: str) -> Callable[[Any], Any]:
    return lambda value: value[name][0]


def _put(place: Callable[[Any], Any], name: Any, new: Any) -> Callable[[Any], object]:
    return lambda value: place(value).__setitem__(name, new)


def _a1(value: Any) -> Any:
    return value["answers"][0]["lines"][0]


def _stream(value: Any) -> Any:
    return value["streams"][0]


def _kept(value: Any) -> Any:
    """The last entry that has a body."""
    return next(one for one in reversed(value["entries"]) if one["body"] != "none")


# Changes of pack.json, with a manifest that agrees: what somebody does who makes a pack say something else.
OF_BOTH: dict[str, Callable[[Any], object]] = {
    "another model": _put(_first("promotions"), "model", "other"),
    "another time": _put(_first("promotions"), "time", "2026-01-01T00:00:00.000Z"),
    "another requester": _put(_first("promotions"), "requester", "A" * 22),
    "no approvals": _put(_first("promotions"), "approvals", []),
    "another approver": _put(_first("promotions"), "approvers", ["A" * 22] * 2),
    "another request": _put(_first("promotions"), "request", 0),
    "another predecessor": _put(_first("promotions"), "predecessor", 1),
    "taken back": _put(_first("promotions"), "revokedBy", 0),
    "policy": _put(_first("promotions"), "policy", "sha256:" + "0" * 64),
    "a promotion twice": lambda value: value["promotions"].append(value["promotions"][0]),
    "a promotion less": lambda value: value["promotions"].pop(),
    "an entry less": lambda value: value["entries"].pop(),
    "another entry": _put(lambda value: value["entries"][-1]["entry"], "model", "other"),
    "another leaf": _put(lambda value: value["entries"][-1], "leafHash", "A" * 43 + "="),
    "erased by nobody": lambda value: _kept(value).update(body="erased", erasedBy=0),
    "erased without an entry": _put(_kept, "body", "erased"),
    "a body of none": _put(_kept, "body", "none"),
    "another log": _put(lambda value: value["asOf"], "origin", "example.com/other"),
    "another size": _put(lambda value: value["asOf"], "size", 5),
    "witnessed": lambda value: value.update(state="witnessed"),
    "another model in the answer": _put(_a1, "model", "other"),
    "another person in the answer": lambda value: _a1(value)["approvers"][0].update(person="A" * 22),
    "a name in the answer": _put(_a1, "requesterName", "mallory"),
    "a name of an approver": lambda value: _a1(value)["approvers"][0].update(name="mallory"),
    "a line less in the answer": lambda value: value["answers"][0]["lines"].pop(),
    "another version of packs": lambda value: value.update(schemaVersion=2),
    "no scope": lambda value: value.pop("scope"),
}  # fmt: skip
OF_A_PERIOD: dict[str, Callable[[Any], object]] = {
    "a longer period": _put(lambda value: value["scope"], "until", "2026-12-01T00:00:00.000Z"),
    "an open period": _put(lambda value: value["scope"], "until", None),
    "an earlier period": _put(lambda value: value["scope"], "since", "2026-01-01T00:00:00.000Z"),
    "a stream that ends": _put(_stream, "after", None),
    "a stream that begins": _put(_stream, "before", None),
    "a stream with fewer": lambda value: _stream(value).update(last=_stream(value)["last"] - 1),
    "a stream with more": lambda value: _stream(value).update(last=_stream(value)["last"] + 1),
    "a stream that is empty": lambda value: _stream(value).update(first=0, last=0, before=None, after=None),
    "a stream beyond memory": lambda value: _stream(value).update(last=2**52, after=2**52 + 1),
    "of one model": _put(lambda value: value["scope"], "model", "fraud"),
    "of one promotion": _put(lambda value: value, "scope", {"promotion": 3}),
}  # fmt: skip
OF_REVEALED: dict[str, Callable[[Any], object]] = {
    "masked": lambda value: value.update(identities="masked"),
    "an envelope less": lambda value: value["envelopes"].pop(),
    "another payload": _put(_first("envelopes"), "payload", "sha256:" + "0" * 64),
    "another kind": _put(_first("envelopes"), "kind", "approval"),
    "of another entry": _put(_first("envelopes"), "entry", 3),
    "a body that is sealed": lambda value: next(one for one in value["entries"] if one["body"] == "opened").update(body="sealed"),
}  # fmt: skip
CASES = [
    *[("promotion", name) for name in OF_BOTH],
    *[("period", name) for name in OF_BOTH],
    *[("period", name) for name in OF_A_PERIOD],
    *[("promotion", name) for name in OF_REVEALED],
]


@pytest.mark.parametrize(("which", "what"), CASES)
def test_a_pack_that_was_made_to_say_something_else_is_found(
    which: str, what: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    made: Made = request.getfixturevalue(which)
    change = {**OF_BOTH, **OF_A_PERIOD, **OF_REVEALED}[what]
    assert verify(tmp_path / "pack", changed(made, change), made.vkey) == 3


def test_a_promotion_that_is_taken_out_with_its_proofs_is_found(period: Made, tmp_path: Path) -> None:
    gone = period.value["promotions"][1]
    indices = {gone["entry"], gone["request"], *gone["approvals"]}

    def take_out(value: Any) -> None:
        for name, key in (("promotions", "entry"), ("entries", "index")):
            value[name] = [one for one in value[name] if one[key] not in indices]
        first = value["answers"][0]
        first["lines"] = [one for one in first["lines"] if one["entry"] not in indices]

    files = changed(period, take_out)
    for index in indices:
        del files[f"proofs/{index}.tlog-proof"]
    assert verify(tmp_path / "pack", listed(files), period.vkey) == 3


@pytest.fixture(scope="module")
def open_end(year: Year) -> Made:
    """A period that ends with the log."""
    return make_pack(year.trail, days(330))


def _named(value: Any, name: str) -> Any:
    return next(one for one in value["streams"] if one["name"] == name)


def test_a_stream_that_ends_is_shown_to_end(year: Year, open_end: Made, tmp_path: Path) -> None:
    ends = {one["name"]: one["end"] for one in open_end.value["streams"]}
    shown = {name for name, end in ends.items() if end is not None}
    assert {"promotion", "exemption", "access", "erasure", "hold"} <= shown
    (index,) = {end["heads"] for end in ends.values() if end is not None}
    assert (
        next(one for one in open_end.value["entries"] if one["index"] == index)["entry"]["kind"]
        == "stream-heads"
    )
    # Of a stream that there never was its neighbours are shown.
    assert "hold" not in {one["name"] for one in ends["hold"]["shown"]}
    assert (
        f"entry {index}, which logged where streams end" in _named(open_end.value, "promotion")["statement"]
    )
    schema = json.loads(
        (Path(lockgate.webhook.__file__).parent / "schemas/evidence-pack.schema.json").read_text()
    )
    jsonschema.validate(open_end.value, schema)
    assert verify(tmp_path / "pack", open_end.files, open_end.vkey) == 0


def _of_another(value: Any) -> None:
    _named(value, "promotion")["end"] = _named(value, "access")["end"]


ENDS: dict[str, Callable[[Any], object]] = {
    "another entry": lambda value: _named(value, "promotion")["end"].update(heads=value["entries"][0]["index"]),
    "of another stream": _of_another,
    "of a stream that is not": lambda value: _named(value, "promotion").update(end=_named(value, "hold")["end"]),
    "another number": lambda value: _named(value, "promotion")["end"]["shown"][0].update(n=3),
    "another leaf": lambda value: _named(value, "promotion")["end"]["shown"][0].update(leaf="A" * 43 + "="),
    "none shown": lambda value: _named(value, "promotion")["end"].update(shown=[]),
    "a neighbour less": lambda value: _named(value, "hold")["end"]["shown"].pop(),
    "ends and goes on": lambda value: _named(value, "promotion").update(after=_named(value, "promotion")["last"] + 1),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDS)
def test_an_end_that_is_another_is_found(open_end: Made, tmp_path: Path, what: str) -> None:
    assert verify(tmp_path / "pack", changed(open_end, ENDS[what]), open_end.vkey) == 3


def test_an_entry_that_is_cut_off_the_end_is_found(open_end: Made, tmp_path: Path) -> None:
    """Whoever makes a pack leaves the last access out, and says that its stream ends before."""
    gone: list[int] = []

    def cut(value: Any) -> None:
        stream = _named(value, "access")
        last = stream["last"]
        gone.extend(
            one["index"]
            for one in value["entries"]
            if ("access", last) in [(link["k"], link["n"]) for link in one["entry"]["streams"]]
        )
        value["entries"] = [one for one in value["entries"] if one["index"] not in gone]
        stream["last"] = last - 1
        for told in value["answers"]:
            told["lines"] = [line for line in told["lines"] if line.get("entry") not in gone]

    files = changed(open_end, cut)
    (index,) = gone
    del files[f"proofs/{index}.tlog-proof"]
    assert verify(tmp_path / "pack", listed(files), open_end.vkey) == 3


def test_envelopes_and_bodies_of_other_entries_are_found(promotion: Made, tmp_path: Path) -> None:
    for kind in ("envelopes", "bodies"):
        first, second, *_ = sorted(name for name in promotion.files if name.startswith(f"{kind}/"))
        swapped = {first: promotion.files[second], second: promotion.files[first]}
        assert verify(tmp_path / kind, listed({**promotion.files, **swapped}), promotion.vkey) == 3


def test_another_key_is_no_key_of_the_log(promotion: Made, tmp_path: Path) -> None:
    other = "example.com/lockgate/test+d66b08df+AfQsWvd4VD4lKCTJHoOTdHrEp2nXXqLJTnbI5mCPyA8l"
    write = verify(tmp_path / "a", promotion.files, promotion.vkey)
    assert write == 0 and verify(tmp_path / "b", promotion.files, other) in (2, 3)


def copy(year: Year, promotion: Made, folder: Path) -> tuple[str, int]:
    """A database with the same log, and the entry that asked for the promotion."""
    place = folder / "copy.db"
    source, target = [sqlite3.connect(one) for one in (year.url.removeprefix("sqlite:///"), place)]
    source.backup(target)
    source.close()
    target.close()
    return f"sqlite:///{place}", promotion.value["promotions"][0]["request"]


def test_what_is_erased_is_said_and_its_record_is_there(year: Year, promotion: Made, tmp_path: Path) -> None:
    scope = Scope(in_prod(year))
    url, request = copy(year, promotion, tmp_path)
    trail = reopen_trail(url, clock=Clock(year.clock.now_ms))
    Eraser(trail.appender, trail.recorder, trail.vault).erase_entry(request, "asked for", "lead")
    trail.appender.close()
    made = make_pack(trail, scope, reveal=True)
    entries = {one["index"]: one for one in made.value["entries"]}
    erasure = entries[request]["erasedBy"]
    assert entries[request]["body"] == "erased" and entries[erasure]["entry"]["kind"] == "erasure"
    assert any(f"({request})" in one and "erased" in one for one in made.value["notShown"])
    assert f"erased, by entry {erasure}" in made.files["index.html"].decode()
    assert verify(tmp_path / "pack", made.files, made.vkey) == 0
    assert verify(tmp_path / "other", changed(made, _put(lambda value: next(one for one in value["entries"] if one["index"] == request), "erasedBy", 0)), made.vkey) == 3  # fmt: skip
    trail.store.close()


def test_a_body_that_is_gone_without_a_record_stops_the_pack(
    year: Year, promotion: Made, tmp_path: Path
) -> None:
    url, request = copy(year, promotion, tmp_path)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    for name in tables:
        connection.execute(f"DROP TRIGGER {name}")
    gone = connection.execute("UPDATE body SET sealed = NULL WHERE place % ? = ?", (LOG_SPAN, request))
    assert gone.rowcount == 1
    connection.commit()
    connection.close()
    trail = reopen_trail(url, clock=Clock(year.clock.now_ms))
    trail.appender.close()
    with pytest.raises(VerificationError, match="no entry records its erasure"):
        make_pack(trail, Scope(in_prod(year)))
    trail.store.close()


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (Scope(), "needs to know of what"),
        (Scope(model="fraud"), "needs to know of what"),
        (Scope(3, 1), "not of both"),
        (Scope(3, model="fraud"), "not of both"),
        (Scope(None, 5, 5), "ends before it begins"),
        (Scope(0), "entry 0 made no promotion"),
        (Scope(10**9), "made no promotion"),
    ],
)
def test_what_is_no_promotion_and_no_period_is_refused(year: Year, scope: Scope, message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        collect(source_of(year.trail), scope)


def test_a_pack_has_an_end(year: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockgate.audit.packs.collect.MAX_ENTRIES", 20)
    with pytest.raises(TrailError, match="20 are the most"):
        collect(source_of(year.trail), days(0))


class _Tags(HTMLParser):
    """Which tags and attributes a page has, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("which", ["promotion", "revealed"])
def test_hostile_names_are_text_of_the_page(which: str, request: pytest.FixtureRequest) -> None:
    made: Made = request.getfixturevalue(which)
    tame, wild = _Tags(), _Tags()
    tame.feed(made.files["index.html"].decode())
    page = render_page(hostile(json.loads(made.files["pack.json"])))
    wild.feed(page)
    assert wild.tags <= tame.tags and wild.attributes <= tame.attributes
    assert not {"script", "img", "link", "iframe"} & wild.tags and "<script>alert(1)" in wild.text
    assert not [one for one in page if not one.isprintable() and one != "\n"]


def test_the_page_loads_nothing_and_says_what_it_is(period: Made) -> None:
    page = period.files["index.html"].decode()
    assert "default-src 'none'" in page and "Self-attested." in page and "@media print" in page
    assert not re.search(r"(?:src|href)=|url\(|@import|javascript:", page)
    assert "has to review them" in page and "satisfies none by itself" in page
    assert "witnessed" not in page
