"""`audit verify --record`: the trail keeps what a verification came to, and A15 answers from it."""

import json
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.audit.recorder import Subject
from lockgate.audit.standalone import verify_trail as standalone
from lockgate.webhook.trail import open_trail

from tests.audit.trails import decision, pod, review, tampered
from tests.webhook.helpers import Ran, run_here


class Home:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        assert self.run("init", "trail", "--origin", "example.com/verified").code == 0
        with open_trail(str(folder / "trail")) as trail, trail.appending() as appending:
            for number in range(20):
                drafted = trail.recorder().decision(review(pod(f"p-{number}", "ml")), decision(), Subject())
                appending.appender.append(drafted)
        (folder / "elsewhere.vkey").write_text((folder / "trail" / "log.vkey").read_text())

    def run(self, *args: str) -> Ran:
        return run_here("audit", *args, cwd=self.folder)

    def verify(self, *more: str) -> Ran:
        return self.run("verify", "trail", "--record", *more)

    def last(self) -> tuple[int, Any]:
        with open_trail(str(self.folder / "trail")) as trail:
            size = trail.store.head().size
            for index in range(size - 1, -1, -1):
                (raw,) = trail.store.entries(index, index + 1)
                if (entry := parse_entry(raw)).kind == "verification":
                    return index, entry.value
        raise AssertionError("there is none")

    def health(self, *more: str) -> dict[str, Any]:
        ran = self.run("query", "--question", "a15", "--trail", "trail", "--format", "json", *more)
        assert ran.code == 0, ran.err
        return next(
            one for one in json.loads(ran.out)["lines"] if one["what"] == "last recorded verification"
        )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_without_one_somebody_should_look(home: Home) -> None:
    assert (home.health()["value"], home.health()["verdict"]) == ("none", "look")


def test_a_verified_log_is_told_with_who_when_and_which_size(home: Home) -> None:
    ran = home.verify("--log-key", "elsewhere.vkey", "--actor", "somebody", "--open")
    assert ran.code == 0, ran.err
    index, value = home.last()
    assert (value["verdict"], value["size"], value["opened"]) == ("verified", 21, 20)
    told = home.health()
    assert told["verdict"] == "good" and "somebody" not in told["value"]
    assert f"verified, 21 entries, 20 bodies opened (entry {index})" in told["value"]
    assert home.health("--reveal")["value"].endswith(", by somebody")
    # The next verification, and the stand-alone verifier, take the entry as one of their kinds.
    assert home.run("verify", "trail", "--log-key", "elsewhere.vkey").code == 0
    assert home.run("export", "out", "--trail", "trail", "--bodies", "opened").code == 0
    assert home.run("verify", "out", "--log-key", "elsewhere.vkey").code == 0
    vkey = (home.folder / "elsewhere.vkey").read_text().strip()
    assert standalone.main([str(home.folder / "out"), "--log-key", vkey]) == 0  # type: ignore[no-untyped-call]


def test_one_that_is_old_or_not_good_is_to_be_looked_at(home: Home) -> None:
    assert home.verify().code == 4
    assert home.last()[1]["verdict"] == "unverifiable" and home.health()["verdict"] == "look"
    assert home.verify("--log-key", "elsewhere.vkey").code == 0
    assert home.health()["verdict"] == "good" and home.health("--days", "0")["verdict"] == "look"
    assert home.health("--as-of", "2099-01-01")["verdict"] == "look"


def test_tampering_is_kept_where_the_log_still_takes_it(home: Home) -> None:
    tampered(home.folder / "trail" / "trail.db", "UPDATE record SET outcome = 'deny' WHERE kind = 'decision'")
    ran = home.verify("--log-key", "elsewhere.vkey")
    assert ran.code == 3 and "index-changed" in ran.out
    assert home.last()[1]["verdict"] == "tampered" and home.health()["verdict"] == "look"


def test_tampering_is_told_also_where_nothing_can_be_kept(home: Home) -> None:
    tampered(home.folder / "trail" / "trail.db", "UPDATE log_head SET root = zeroblob(32)")
    ran = home.verify("--log-key", "elsewhere.vkey")
    assert ran.code == 3 and "the verdict was not recorded" in ran.err


def test_only_a_home_keeps_it(home: Home) -> None:
    assert home.run("export", "out", "--trail", "trail").code == 0
    ran = home.run("verify", "out", "--record")
    assert ran.code == 2 and "an export keeps no entries" in ran.err
    for more in (["--proof", "x"], []):
        refused = home.run("verify", *(more or ["trail"]), *(["--record"] if more else ["--entry", "x"]))
        assert refused.code == 2
