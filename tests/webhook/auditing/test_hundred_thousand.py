"""The fifteen questions on a trail of a hundred thousand entries with known answers, by the command, by the API and on pages, with their times."""

import json
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.query.answers.catalogue import QUESTIONS
from lockgate.audit.query.render import camel
from lockgate.audit.recorder import Recorder
from lockgate.audit.store.appender import Appender, system_clock
from lockgate.audit.store.tallies import DayTallies
from lockgate.audit.web.api import Api
from lockgate.audit.web.app import make_app
from lockgate.audit.web.pages import Pages, page_routes
from lockgate.webhook.audit_backend import TrailBackend
from lockgate.webhook.auditors_file import Auditors, read_auditors
from lockgate.webhook.trail import open_trail
from lockgate.webhook.trail_reading import Reading, open_reading

from tests.audit.query.year import DAY_MS, FIRST_MS, Year
from tests.audit.trails import Clock, Trail, tampered
from tests.webhook.auditing.asking import ask
from tests.webhook.helpers import run_here

# As long as a run against real programs: with those.
pytestmark = [pytest.mark.slow, pytest.mark.e2e]

TOKEN = "a-token-of-twenty-letters-at-least"
# So many a day.
DECISIONS = 268
SINCE, UNTIL = "2026-07-01", "2026-10-01"
Q3 = range(FIRST_MS + 181 * DAY_MS, FIRST_MS + 273 * DAY_MS)
SUBJECT = f"sha256:{70:064x}"
PARAMETERS: dict[str, dict[str, str]] = {
    "a1": {"model": "fraud", "environment": "prod", "since": SINCE, "until": UNTIL},
    "a2": {"as_of": "2026-12-30"},
    "a4": {"subject": SUBJECT},
    "a7": {"hours": "2"},
    "a11": {"as_of": "2026-04-11"},
    "a12": {"entry": "5"},
    "a13": {"seed": "7"},
}
FLAGS = {"environment": "--to", "as_of": "--as-of"}
# Pages have a moment, and no size; and of what reads each decision the last month where no time is named.
ON_PAGES: dict[str, dict[str, str]] = {
    "a2": {"at": "2026-12-30"},
    "a3": {"since": "2026-01-01"},
    "a6": {"since": "2026-01-01"},
    "a7": {"hours": "2", "since": "2026-01-01"},
    "a11": {"at": "2026-04-11"},
}
# What a page may have, in bytes.
LARGEST = 200 * 1024


class Place:
    """A home with a year in it."""

    def __init__(self, folder: Path, decisions: int = DECISIONS) -> None:
        self.folder = folder
        assert run_here("audit", "init", "trail", "--origin", "example.com/year", cwd=folder).code == 0
        self.year = Year(folder, decisions, self.open)
        self.year.build()
        self.size = self.year.trail.store.head().size
        self.year.trail.store.close()
        digest = sha256(TOKEN.encode()).hexdigest()
        (folder / "auditors.toml").write_text(
            f'[[auditor]]\nname = "one"\ntoken-sha256 = ["{digest}"]\nnamespaces = ["*"]\n'
            'rights = ["records", "actors", "exports", "log"]\n'
        )

    def open(self, clock: Clock) -> Trail:
        home = open_trail(str(self.folder / "trail"))
        signer: Any = home.signer()
        vault = home.vault()
        appender = Appender(home.store, [signer], vault.master.seal_key, clock=clock)
        return Trail(home.store, signer, vault, Recorder(vault, "lockgate/test"), appender, clock)

    def command(self, number: str, *more: str) -> Any:
        parts = [
            part
            for name, value in PARAMETERS.get(number, {}).items()
            for part in (FLAGS.get(name, f"--{name}"), value)
        ]
        ran = run_here(
            "audit",
            "query",
            "--question",
            number,
            *parts,
            *more,
            "--format",
            "json",
            "--trail",
            "trail",
            cwd=self.folder,
        )
        assert ran.code == 0, ran.err
        return json.loads(ran.out)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("year"))


@pytest.fixture(scope="module")
def app(place: Place) -> Iterator[Any]:
    known = read_auditors(str(place.folder / "auditors.toml"), system_clock)
    reading = open_reading(str(place.folder / "trail"))
    yield served(reading, known)
    reading.close()


def served(reading: Reading, known: Auditors) -> Any:
    """The application, with its pages."""
    assert reading.trail is not None
    backend = TrailBackend(reading, reading.trail)
    pages = Pages(backend, known, [known], DayTallies(reading.trail.store))
    return make_app(Api(backend, known), [known], page_routes(pages))


def entries(lines: Any, name: str = "entry") -> list[int]:
    return [line[name] for line in lines]


def expected(place: Place) -> dict[str, Callable[[Any], object]]:
    known = place.year.known
    a1 = [i for i, model, to, at in known.promotions if (model, to) == ("fraud", "prod") and at in Q3]
    made = [index for index, _, _, _ in known.promotions]

    def a6(lines: Any) -> bool:
        by = {
            what: [line for line in lines if line["what"] == what]
            for what in ("error", "break-glass", "refused")
        }
        return (entries(by["error"]), entries(by["break-glass"])) == (known.errors, known.glass_uses) and len(
            by["refused"]
        ) == known.refused

    return {
        "a1": lambda lines: entries(lines) == a1 and all(line["requesterName"] == "asker" for line in lines),
        "a2": lambda lines: (
            {line["exemption"]: line["uses"] for line in lines}
            == {name: len(uses) for name, uses in known.exemption_uses.items()}
            and {line["exemption"] for line in lines if line["endsSoon"] == "yes"} == {"x-11"}
        ),
        "a3": lambda lines: sum(line["denied"] for line in lines) == len(known.denied),
        "a4": lambda lines: [line["environment"] for line in lines] == ["dev", "staging", "prod"],
        "a5": lambda lines: entries(lines) == sorted([*known.own, *known.single]),
        "a6": a6,
        "a7": lambda lines: [(line["denied"], line["allowed"]) for line in lines] == known.retried,
        "a8": lambda lines: entries(lines) == known.old_drift,
        "a9": lambda lines: (
            entries(lines)
            == sorted(
                [
                    *known.observed,
                    *known.glass_uses,
                    *[one for uses in known.exemption_uses.values() for one in uses],
                ]
            )
        ),
        "a10": lambda lines: (
            entries(lines) == known.policy_changes and {line["by"] for line in lines} == {"platform"}
        ),
        "a11": lambda lines: (
            sum(line["what"] == "model" for line in lines) == 12
            and {line["name"] for line in lines if line["what"] == "exemption"} == {"x-2", "x-3"}
        ),
        "a12": lambda lines: entries(lines) == [5],
        "a13": lambda lines: len(lines) == 25 and {*entries(lines)} <= {*made},
        "a14": lambda lines: entries(lines)[: len(known.accesses)] == known.accesses,
        "a15": lambda lines: {line["what"] for line in lines} >= {"rests on", "entries under the checkpoint"},
    }


@pytest.mark.parametrize("number", [*QUESTIONS])
def test_a_question(place: Place, app: Any, number: str) -> None:
    assert place.size > 100_000
    is_right = expected(place)[number]
    start = time.perf_counter()
    told = place.command(number, "--reveal")
    by_command = time.perf_counter() - start
    assert is_right(told["lines"]), told["lines"][:20]
    query = "&".join(
        [f"{name}={value}" for name, value in {**PARAMETERS.get(number, {}), "reveal": "yes"}.items()]
    )
    start = time.perf_counter()
    answered = ask(app, f"/v1/questions/{number}?{query}", TOKEN)
    by_api = time.perf_counter() - start
    assert answered.status == 200, answered.body
    assert is_right(answered.json["lines"])
    assert answered.json["proven"]["state"] == told["proven"]["state"] == "self-attested"
    complete = {one["stream"]: one for one in told["proven"]["complete"]}
    if number in ("a1", "a4", "a5", "a8"):
        assert complete["promotion"]["last"] == complete["promotion"]["end"] > 2_000
    asked = {**(ON_PAGES.get(number) or PARAMETERS.get(number, {})), "names": "shown"}
    query = "&".join([f"{name}={value}" for name, value in asked.items()])
    start = time.perf_counter()
    page = ask(app, f"/questions/{number}?{query}", TOKEN)
    by_page = time.perf_counter() - start
    assert page.status == 200 and len(page.body) <= LARGEST
    shown = ask(app, f"/questions/{number}.json?{query}", TOKEN).json["answer"]
    lines = [{camel(name): value for name, value in line.items()} for line in shown["lines"]]
    assert shown["count"] == len(lines) and is_right(lines), lines[:20]
    # Each is there for people too, and says what of it is proven.
    html = page.body.decode()
    named = [line[name] for line in lines for name in ("entry", "denied", "allowed") if name in line]
    # How often something was denied is no entry, and looks that came since are on the later page alone.
    for index in [one for one in named if number != "a3" and isinstance(one, int) and one < place.size]:
        assert f"/entries/{index}" in html
    assert "What of this is proven, and by whom" in html and "self-attested" in html
    assert {one["stream"] for one in shown["proven"]["complete"]} == {*complete}
    print(
        f"{number}: {by_command:.2f} s by the command, {by_api:.2f} s by the API, {by_page:.2f} s on a page of "
        f"{len(page.body) // 1024} KiB, {len(told['lines'])} lines"
    )


def test_the_first_page(place: Place, app: Any) -> None:
    start = time.perf_counter()
    page = ask(app, "/", TOKEN)
    print(f"the first page: {time.perf_counter() - start:.2f} s, {len(page.body) // 1024} KiB")
    assert page.status == 200 and len(page.body) <= LARGEST


def test_an_export_of_ten_thousand(place: Place, app: Any) -> None:
    start = time.perf_counter()
    answered = ask(app, "/v1/export.jsonl?kind=decision&since=2026-07-01&until=2026-08-08", TOKEN)
    took = time.perf_counter() - start
    found = [json.loads(line)["index"] for line in answered.body.splitlines()]
    assert len(found) == len({*found}) == int(answered.headers["lockgate-records"]) > 10_000
    print(f"an export of {len(found)} entries: {took:.2f} s")


def test_a_record_that_was_removed_shows_everywhere(tmp_path: Path) -> None:
    place = Place(tmp_path, decisions=1)
    (index, *_) = place.year.known.promotions[40]
    tampered(tmp_path / "trail" / "trail.db", f"DELETE FROM leaf WHERE place % 1099511627776 = {index}")
    ran = run_here("audit", "query", "--question", "a1", "--trail", "trail", cwd=tmp_path)
    assert ran.code == 3 and f"entry {index}" in ran.err
    known = read_auditors(str(tmp_path / "auditors.toml"), system_clock)
    with open_reading(str(tmp_path / "trail")) as reading:
        app = served(reading, known)
        answered = ask(app, "/v1/questions/a1", TOKEN)
        pages = {
            path: ask(app, path, TOKEN) for path in ("/", "/questions/a1", "/promotions", f"/entries/{index}")
        }
    assert (answered.status, answered.json["where"]) == (500, f"entry {index}")
    for path, page in pages.items():
        assert page.status == 409 and b"The trail is not as it was signed" in page.body, path
        assert f"entry {index}".encode() in page.body
