"""Packs of a year whose promotions are known, in memory and as folders, before the stand-alone verifier."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from lockgate.audit.controls.mapping import shipped_controls
from lockgate.audit.packs.collect import Source, collect
from lockgate.audit.packs.folder import pack_files
from lockgate.audit.packs.pack import Pack
from lockgate.audit.packs.scope import Scope
from lockgate.audit.packs.value import pack_value
from lockgate.audit.query.render import render_json
from lockgate.audit.standalone.verify_trail import main

from tests.audit.query.asked import engine_of
from tests.audit.query.year import DAY_MS, FIRST_MS, Opening, Year
from tests.audit.trails import Trail

MADE_BY = "lockgate/test"
MANIFEST = "MANIFEST.sha256"
# What a name may be that somebody gives who wants to break a page, a document or a terminal.
HOSTILE = "<script>alert(1)</script><img src=x onerror='a()'>\" & \u202e\x1b[2J\n\x00end"
NAMES = (b"asker", b"risk-1", b"risk-2", b"auditor", b"platform")


def days(since: int, until: int | None = None, model: str = "", environment: str = "") -> Scope:
    """A period by days of the year."""
    end = None if until is None else FIRST_MS + until * DAY_MS
    return Scope(None, FIRST_MS + since * DAY_MS, end, model, environment)


def source_of(trail: Trail, reveal: bool = False) -> Source:
    engine = engine_of(trail, now_ms=trail.clock.now_ms)
    return Source(
        engine,
        trail.store,
        trail.vkey,
        Opening(trail) if reveal else None,
        trail.vault.entry_key if reveal else None,
    )


def in_prod(year: Year) -> int:
    return next(
        index for index, _, environment, _ in reversed(year.known.promotions) if environment == "prod"
    )


def hostile(value: Any, keep: tuple[str, ...] = ()) -> Any:
    """The same shape, with something hostile in each text and in names of fields that are shown."""
    if isinstance(value, dict):
        return {name: one if name in keep else hostile(one, keep) for name, one in value.items()}
    if isinstance(value, list):
        return [hostile(one, keep) for one in value]
    return HOSTILE if isinstance(value, str) else value


@dataclass
class Made:
    """A pack and its files."""

    pack: Pack
    value: dict[str, Any]
    files: dict[str, bytes]
    vkey: str


def make_pack(trail: Trail, scope: Scope, reveal: bool = False) -> Made:
    pack = collect(source_of(trail, reveal), scope)
    value = pack_value(pack, shipped_controls(), MADE_BY)
    return Made(pack, value, pack_files(pack, value), trail.vkey)


def listed(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with a manifest that agrees with whatever is in them."""
    names = sorted(set(files) - {MANIFEST})
    lines = [f"{sha256(files[name]).hexdigest()}  {name}\n" for name in names]
    return {**files, MANIFEST: "".join(lines).encode()}


def changed(made: Made, change: Callable[[Any], object]) -> dict[str, bytes]:
    """The files, with another pack.json, and a manifest that agrees."""
    value = json.loads(made.files["pack.json"])
    change(value)
    return listed({**made.files, "pack.json": render_json(value).encode()})


def verify(place: Path, files: dict[str, bytes], *keys: str) -> int:
    """The exit code of the stand-alone verifier on these files."""
    for name, data in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    code: int = main([str(place), *[part for key in keys for part in ("--log-key", key)]])  # type: ignore[no-untyped-call]
    return code
