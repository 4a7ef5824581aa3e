"""A home whose log was closed for a successor: its configuration moves on, and what verifies the old log is kept."""

import json
import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lockgate.audit.anchors.asking import Seen
from lockgate.engine.errors import UsageError
from lockgate.webhook.home_change import FORMER, HomeChange
from lockgate.webhook.toml_text import toml_string, with_setting
from lockgate.webhook.trail_config import FILE_NAME, LOG_KEY, TrailConfig

_NUMBERED: Final = re.compile(r"(.*)/r([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Successor:
    """The log to go on with: its origin and key; signer is the key's URI where it is another than before."""

    origin: str
    vkey: str
    signer: str = ""


def next_origin(origin: str) -> str:
    """`…/r1` after an origin without a number, `…/r2` after that."""
    found = _NUMBERED.fullmatch(origin)
    return f"{found[1]}/r{int(found[2]) + 1}" if found else f"{origin}/r1"


def succeed(
    home: Path, config: TrailConfig, successor: Successor, seen: Sequence[Seen] = (), believed: str = ""
) -> HomeChange:
    """The change that moves a home on to the successor, and keeps what verifies the old log in `former/<n>/`.

    seen: how far others saw the old log. believed: what the old log's trust file says besides. Raises UsageError.
    """
    number = 1
    while (home / FORMER / str(number)).exists():
        number += 1
    kept = home / FORMER / str(number)
    trust = _read(home / config.trust)
    store = config.store if "://" in config.store else os.path.relpath(home / config.store, kept)
    settings = {
        "origin": config.origin,
        "store": store,
        "signer": config.signer,
        "master-key": f"file:{os.path.relpath(home / config.master_key.removeprefix('file:'), kept)}",
        "instance": config.instance,
        "administrator": config.administrator,
    }
    text = "".join([f"{name} = {json.dumps(value)}\n" for name, value in settings.items()])
    files = {
        "trust.toml": f"{trust}\n{believed}" if believed else trust,
        LOG_KEY: _read(home / LOG_KEY),
        FILE_NAME: f"# A log that was closed; kept to be verified.\n{text}",
    }
    for place, one in enumerate(seen):
        if one.note is not None:
            files[f"seen-{place + 1}.checkpoint"] = one.note.decode("utf-8")
    made = {f"{FORMER}/{number}/{name}": value for name, value in files.items()}
    made[config.trust] = _changed(trust, config.trust, successor, origin=successor.origin)
    made[config.trust] = with_setting(made[config.trust], "log-keys", json.dumps([successor.vkey]))
    made[LOG_KEY] = f"{successor.vkey}\n"
    made[FILE_NAME] = _changed(_read(home / FILE_NAME), FILE_NAME, successor, origin=successor.origin)
    if successor.signer:
        made[FILE_NAME] = _changed(made[FILE_NAME], FILE_NAME, successor, signer=successor.signer)
    return HomeChange(made, config.origin, successor.origin, number)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        raise UsageError(f"cannot read {path}: {reason.lower()}") from None


def _changed(text: str, name: str, successor: Successor, **setting: str) -> str:
    """The TOML text with another value of one setting. Raises UsageError where it is written in a way not known here."""
    ((key, value),) = setting.items()
    made = with_setting(text, key, toml_string(value))
    if tomllib.loads(made).get(key) != value:
        raise UsageError(
            f"{name}: its setting {key} is not on a line of its own, and has to become {value}",
            hint=f"write {key} = … on one line at its top",
        )
    return made
