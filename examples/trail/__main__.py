"""`python -m examples.trail FOLDER`: makes the trail of a year in FOLDER/trail, and says in FOLDER/known.json what is in it."""

import argparse
import json
import os
import secrets
import shutil
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Final

from lockgate.audit.times import parse_time, render_time
from lockgate.engine.codegen.values import Value

from examples.trail.plan import HOUR_MS
from examples.trail.promotions import DAY_MS
from examples.trail.writer import Writer
from examples.trail.year import Year

ORIGIN: Final = "example.com/lockgate/year"
# Entries that are no decisions of CI or the cluster, besides the coverage.
_OTHERS: Final = 1_900
_COVERAGE_A_DAY: Final = 144


def make(folder: Path, entries: int, seed: int, end_ms: int) -> dict[str, Value]:
    """The trail of about so many entries, in a new folder; what is known of it. Raises TrailError."""
    days = 60 if entries >= 50_000 else 7
    start_ms = end_ms - 365 * DAY_MS
    with Writer(folder / "trail", ORIGIN, "the platform's team", start_ms) as writer:
        year = Year(writer, seed, start_ms, days)
        year.happen(max(200, entries - _OTHERS - days * _COVERAGE_A_DAY))
    (folder / "kept-elsewhere.vkey").write_text(f"{writer.first_key}\n", "utf-8")
    known = year.known
    told: dict[str, Value] = {
        "origin": ORIGIN,
        "from": render_time(start_ms),
        "to": render_time(end_ms),
        "promotions": [*year.office.told],
        "decisions": {**known.decisions},
        "exemptions": {**known.exemptions},
        "breakGlass": {**known.grants},
        "deniedThenAllowed": [*known.turned],
        "errorsOfTheOutage": [*known.errors],
        "policies": [*known.policies],
        "access": [*known.access],
        **known.more,
    }
    _let_in(folder)
    (folder / "known.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    return told


def _let_in(folder: Path) -> None:
    """Lets an auditor in who may see all, by a token that is made for it."""
    token = secrets.token_urlsafe(24)
    digest = sha256(token.encode()).hexdigest()
    (folder / "auditor.token").write_text(f"{token}\n", "utf-8")
    (folder / "auditor.token").chmod(0o600)
    (folder / "auditors.toml").write_text(
        f'[[auditor]]\nname = "auditor-1"\ntoken-sha256 = ["{digest}"]\nnamespaces = ["*"]\n'
        'rights = ["records", "actors", "exports", "log"]\n',
        "utf-8",
    )


def how_to_open(folder: Path) -> str:
    """What somebody types to see its pages."""
    token = (folder / "auditor.token").read_text("utf-8").strip()
    # As it is where this runs: in a virtual environment that nobody activated, the command is in no path.
    beside = Path(sys.executable).with_name("lockgate")
    shown = "lockgate" if shutil.which("lockgate") or not beside.is_file() else os.path.relpath(beside)
    return (
        f"$ {shown} audit serve --trail {folder / 'trail'} --auditors {folder / 'auditors.toml'}\n"
        f"then open http://127.0.0.1:8088/ and sign in with the token {token}"
    )


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.trail", description=__doc__)
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument("--entries", type=int, default=6_000, help="about so many (default 6000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--end", default="", help="when the year ends, as RFC 3339; this hour without it")
    given = parser.parse_args()
    now_ms = time.time_ns() // 1_000_000
    end_ms = parse_time(given.end) if given.end else now_ms - now_ms % HOUR_MS
    if given.folder.exists() and any(given.folder.iterdir()):
        print(f"{given.folder} is not empty: name a new folder", file=sys.stderr)
        return 2
    given.folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    told = make(given.folder, given.entries, given.seed, end_ms)
    print(f"{told['size']} entries in {given.folder / 'trail'}, in {time.monotonic() - began:.1f} s")
    print(f"{how_to_open(given.folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
