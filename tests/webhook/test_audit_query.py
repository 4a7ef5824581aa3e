"""`lockgate audit query`, `sample` and `reconcile` from the outside: what they find, prove, print, and with which code they end."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.audit.query.spreadsheet import safe_cell
from lockgate.audit.recorder import Subject
from lockgate.audit.tlog_proof import parse_tlog_proof
from lockgate.engine.codegen.values import Value
from lockgate.webhook.trail import open_trail

from tests.audit.trails import decision, pod, review, tampered
from tests.webhook.helpers import Ran, run_here

EVIL = "=cmd|'/C calc'!A0"
OWNER = "risk-1"


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, trail: str = "trail") -> Ran:
        return run_here("audit", *arguments, "--trail", trail, cwd=self.folder)

    def json(self, *arguments: str, trail: str = "trail") -> Any:
        ran = self.run(*arguments, "--format", "json", trail=trail)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    def entries(self) -> list[Any]:
        with open_trail(str(self.folder / "trail")) as trail:
            return [parse_entry(raw) for raw in trail.store.entries(0, 10_000)]


def make_place(folder: Path) -> Place:
    place = Place(folder)
    ran = run_here("audit", "init", "trail", "--origin", "example.com/asked", cwd=folder)
    assert ran.code == 0, ran.err
    with open_trail(str(folder / "trail")) as trail, trail.appending() as appending:
        recorder = trail.recorder()
        for number in range(12):
            made = decision("deny" if number % 4 == 1 else "allow", 1 if number % 4 == 1 else 0)
            subject = Subject(EVIL if number == 2 else "fraud", "prod" if number % 2 else "dev")
            appending.appender.append(recorder.decision(review(pod(f"pod-{number}", "ml")), made, subject))
        details: dict[str, Value] = {"expiresAt": "2099-01-01T00:00:00Z", "owner": OWNER}
        appending.appender.append(recorder.exemption("granted", "x", "5" * 64, actor=OWNER, details=details))
    return place


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """For tests that change nothing."""
    return make_place(tmp_path_factory.mktemp("asked"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


@pytest.fixture(autouse=True)
def no_trail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    yield


def test_filters_read_like_questions(kept: Place) -> None:
    made = kept.json(
        "query", "--model", "fraud", "--to", "prod", "--since", "2026-01-01", "--outcome", "deny"
    )
    assert [row["index"] for row in made["rows"]] == [10, 6, 2]
    assert made["complete"]["stream"] == "model/fraud/prod" and made["asOf"]["size"] == 14
    assert {row["state"] for row in made["rows"]} == {"self-attested"}
    by_namespace = kept.json("query", "--namespace", "ml", "--kind", "decision", "--oldest-first")
    assert [row["index"] for row in by_namespace["rows"]] == [*range(1, 13)]
    assert kept.json("query", "--namespace", "unheard-of")["rows"] == []
    assert kept.json("query", "--approver", OWNER)["rows"] == []


def test_pages_go_on_by_their_cursor(kept: Place) -> None:
    first = kept.json("query", "--kind", "decision", "--limit", "5")
    second = kept.json("query", "--kind", "decision", "--limit", "50", "--cursor", first["next"])
    assert [row["index"] for row in (*first["rows"], *second["rows"])] == [*range(12, 0, -1)]
    assert second["next"] == ""
    ran = kept.run("query", "--kind", "exemption", "--cursor", first["next"])
    assert ran.code == 2 and "cursor is none that was given for this question" in ran.err


def test_proofs_and_completeness(kept: Place) -> None:
    made = kept.json("query", "--kind", "exemption", "--complete", "--prove")
    (row,) = made["rows"]
    assert parse_tlog_proof(row["proof"].encode()).index == row["index"] and row["proven"] == "included"
    assert (made["complete"]["first"], made["complete"]["last"], made["complete"]["end"]) == (1, 1, 1)
    ran = kept.run("query", "--kind", "policy", "--complete")
    assert ran.code == 2 and "no stream has all" in ran.err


def test_tables_say_what_is_not_shown(kept: Place) -> None:
    ran = kept.run("query", "--kind", "decision", "--outcome", "deny", "--kind", "policy")
    assert ran.code == 0 and "not shown to be complete" in ran.out
    ran = kept.run("query", "--kind", "exemption")
    assert "complete: numbers 1 to 1 of 1 of the stream exemption were looked at" in ran.out


def test_lines(kept: Place) -> None:
    ran = kept.run("query", "--kind", "decision", "--format", "jsonl", "--limit", "3")
    assert [json.loads(line)["index"] for line in ran.out.splitlines()] == [12, 11, 10]
    assert "there is more: --cursor" in ran.err


def test_a_spreadsheet_runs_nothing(kept: Place) -> None:
    ran = kept.run("query", "--kind", "decision", "--format", "csv")
    rows = [*csv.DictReader(io.StringIO(ran.out))]
    assert {row["model"] for row in rows} == {"fraud", f"'{EVIL}"}
    assert not any(cell[:1] in "=+-@|%" for row in rows for cell in row.values() if cell)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("fraud", "fraud"),
        ("", ""),
        ("a=1", "a=1"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_cells(text: str, safe: str) -> None:
    assert safe_cell(text) == safe


def test_names_are_shown_after_the_log_has_it(place: Place) -> None:
    sealed = place.json("query", "--question", "a2")
    assert [(line["owner"], line["endsSoon"]) for line in sealed["lines"]] == [("", "sealed")]
    assert len(place.entries()) == 14
    opened = place.json("query", "--question", "a2", "--reveal", "--actor", "auditor")
    assert [(line["owner"], line["endsSoon"]) for line in opened["lines"]] == [(OWNER, "no")]
    last = place.entries()[-1]
    assert (last.kind, last.value["action"], last.value["entries"]) == ("access", "reveal", 1)
    (told,) = place.json("query", "--question", "a14", "--reveal")["lines"]
    assert told["by"] == "auditor" and '"question": "a2"' in told["question"]


@pytest.mark.parametrize("number", [f"a{number}" for number in range(1, 16)])
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_every_question_in_every_form(kept: Place, number: str, form: str) -> None:
    more = ["--entry", "3"] if number == "a12" else []
    ran = kept.run("query", "--question", number, *more, "--format", form)
    assert ran.code == 0, ran.err
    if form == "table":
        assert "self-attested" in ran.out and "not shown: " in ran.out


def test_trust_from_elsewhere(kept: Place, tmp_path: Path) -> None:
    key = tmp_path / "kept.vkey"
    key.write_text((kept.folder / "trail" / "log.vkey").read_text())
    made = kept.json("query", "--question", "a3", "--log-key", str(key))
    assert not any("lie beside the log" in one for one in made["proven"]["notShown"])
    assert made["proven"]["state"] == "self-attested"


def test_an_export_answers_too(place: Place) -> None:
    assert place.run("export", "export").code == 0
    for filters in (
        ["--model", "fraud", "--to", "prod"],
        ["--outcome", "deny"],
        ["--kind", "exemption", "--complete"],
    ):
        ours, theirs = [place.json("query", *filters, trail=one) for one in ("trail", "export")]
        assert [row["leafHash"] for row in ours["rows"]] == [row["leafHash"] for row in theirs["rows"]]
        assert theirs["rows"]
    ran = place.run("query", "--approver", "risk-1", trail="export")
    assert ran.code == 2 and "does not say who is who" in ran.err
    ran = place.run("query", "--question", "a2", "--reveal", trail="export")
    assert ran.code == 2 and "trail's home" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--since", "yesterday"],
        ["--since", "2026-13-01"],
        ["--since", "2026-02-01", "--until", "2026-01-01"],
        ["--limit", "0"],
        ["--limit", "1001"],
        ["--limit", "-5"],
        ["--kind", "nothing"],
        ["--outcome", "maybe"],
        ["--policy", "noname"],
        ["--approver", "pseudonym:short"],
        ["--model", "a", "--model", "b"],
        ["--as-of", "99999"],
        ["--days", "4"],
        ["--reveal"],
        ["--question", "a12"],
        ["--question", "a1", "--outcome", "deny"],
        ["--question", "a1", "--complete"],
        ["--namespace", "ml", "--stream", "log"],
        ["--cursor", "AAAA"],
        ["--trail", "nowhere"],
    ],
)
def test_what_is_said_wrong_is_told(kept: Place, arguments: list[str]) -> None:
    ran = kept.run("query", *arguments) if "--trail" not in arguments else kept.run("query", trail="nowhere")
    assert ran.code == 2 and ran.err.startswith("error: ") and "Traceback" not in ran.err


def test_a_record_that_was_removed_is_tampering(place: Place) -> None:
    tampered(place.folder / "trail" / "trail.db", "DELETE FROM leaf WHERE place % 1099511627776 = 5")
    assert place.run("query", "--model", "fraud", "--to", "dev").code == 3
    assert place.run("query").code == 3
    assert place.run("sample", "--seed", "1", "--kind", "decision").code == 3


def test_samples_are_drawn_again(kept: Place) -> None:
    arguments = ["sample", "--size", "4", "--kind", "decision", "--format", "json"]
    first, again, other = [kept.run(*arguments, "--seed", seed).out for seed in ("1", "1", "2")]
    assert first == again != other
    assert len(json.loads(first)["lines"]) == 4
    assert kept.json("sample", "--seed", "1")["lines"] == []
    assert kept.run("sample", "--size", "4").code == 2


def live(folder: Path, *objects: dict[str, Value]) -> str:
    place = folder / "live.json"
    place.write_text(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [*objects]}))
    return str(place)


def test_reconcile(place: Place, tmp_path: Path) -> None:
    obj = [pod(f"pod-{number}", "ml") for number in range(12) if number != 4]
    other = pod("pod-0", "ml")
    other["metadata"] = {"name": "pod-0", "namespace": "ml", "uid": "another"}
    stray = pod("stray", "elsewhere")
    snapshot = live(tmp_path, *obj, other, stray)
    ran = place.run("reconcile", "--live", snapshot, "--format", "json")
    assert ran.code == 1, ran.err
    found = json.loads(ran.out)
    told = {(one["state"], one["object"]) for one in found["differences"]}
    assert told == {
        ("denied", "/v1/Pod/ml/pod-1/uid-of-pod-1"),
        ("denied", "/v1/Pod/ml/pod-5/uid-of-pod-5"),
        ("denied", "/v1/Pod/ml/pod-9/uid-of-pod-9"),
        ("by-name", "/v1/Pod/ml/pod-0/another"),
        ("unadmitted", "/v1/Pod/elsewhere/stray/uid-of-stray"),
        ("gone", "/v1/Pod/ml/pod-4/uid-of-pod-4"),
    }
    assert found["admitted"] == 8 and place.entries()[-1].kind == "access"
    admitted = [pod(f"pod-{number}", "ml") for number in (0, 2, 3, 6, 7, 8, 10, 11)]
    ran = place.run("reconcile", "--live", live(tmp_path, *admitted))
    assert ran.code == 0 and "gone" in ran.out and "not shown: " in ran.out
    assert place.run("reconcile", "--live", str(tmp_path / "none.json")).code == 2


def test_reconcile_from_a_time_on(place: Place, tmp_path: Path) -> None:
    snapshot = live(tmp_path, pod("pod-0", "ml"))
    assert place.run("reconcile", "--live", snapshot).code == 0
    ran = place.run("reconcile", "--live", snapshot, "--since", "2999-01-01")
    assert ran.code == 1 and "unadmitted" in ran.out
