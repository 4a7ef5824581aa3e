"""A home whose log was closed for a successor: its configuration moves on, and what verifies the old log is kept."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lockgate.audit.anchors.asking import Seen
from lockgate.engine.errors import UsageError
from lockgate.webhook.output import write_output
from lockgate.webhook.toml_text import replace_setting
from lockgate.webhook.trail import LOG_KEY
from lockgate.webhook.trail_config import FILE_NAME, TrailConfig, read_trail_config
from lockgate.webhook.trust_config import read_trust

FORMER: Final = "former"
_NUMBERED: Final = re.compile(r"(.*)/r([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Successor:
    """The log to go on with: its origin and key."""

    origin: str
    vkey: str


def next_origin(origin: str) -> str:
    """`…/r1` after an origin without a number, `…/r2` after that."""
    found = _NUMBERED.fullmatch(origin)
    return f"{found[1]}/r{int(found[2]) + 1}" if found else f"{origin}/r1"


def keep_former(home: Path, config: TrailConfig, successor: Successor, seen: Sequence[Seen]) -> Path:
    """Moves the home on to the successor; returns the folder in which the old log is verified from now on."""
    folder = home / FORMER
    folder.mkdir(mode=0o700, exist_ok=True)
    number = 1 + len(list(folder.iterdir()))
    kept = folder / str(number)
    kept.mkdir(mode=0o700)
    trust = home / config.trust
    (kept / "trust.toml").write_bytes(trust.read_bytes())
    (kept / LOG_KEY).write_bytes((home / LOG_KEY).read_bytes())
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
    write_output(f"# A log that was closed; kept to be verified.\n{text}", str(kept / FILE_NAME))
    for place, one in enumerate(seen):
        if one.note is not None:
            (kept / f"seen-{place + 1}.checkpoint").write_bytes(one.note)
    # What remembers the old log in a file remembers it still, under another name.
    for anchor in config.anchors.file:
        path = home / anchor.path
        if path.exists():
            os.replace(path, path.with_name(f"{path.name}.former-{number}"))
    replace_setting(home / FILE_NAME, "origin", json.dumps(successor.origin))
    replace_setting(trust, "origin", json.dumps(successor.origin))
    replace_setting(trust, "log-keys", json.dumps([successor.vkey]))
    write_output(f"{successor.vkey}\n", str(home / LOG_KEY))
    if read_trail_config(home).origin != successor.origin or read_trust(trust).origin != successor.origin:
        raise UsageError(
            f"{home}: write the origin {successor.origin} and its key {successor.vkey} into {FILE_NAME} and "
            f"{config.trust}"
        )
    return kept
