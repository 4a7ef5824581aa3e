"""Writes an evidence pack as a folder: the page, `pack.json`, proofs, envelopes, opened bodies, a checkpoint, and the verifier."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from lockgate.audit.errors import TrailError
from lockgate.audit.export import MANIFEST, VERIFIER, verifier_source
from lockgate.audit.files import sync_tree, write_below
from lockgate.audit.packs.pack import Pack
from lockgate.audit.packs.page import render_page
from lockgate.audit.packs.value import body_path, envelope_path, proof_path
from lockgate.audit.query.render import render_json
from lockgate.engine.errors import os_reason

PACK: Final = "pack.json"
PAGE: Final = "index.html"
OSCAL: Final = "oscal.json"


def pack_files(pack: Pack, value: Mapping[str, Any], oscal: bytes | None = None) -> dict[str, bytes]:
    """The files by name, the manifest with them: the same bytes for the same log and question."""
    files = dict(_files(pack, value))
    if oscal is not None:
        files[OSCAL] = oscal
    lines = [f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    files[MANIFEST] = "".join(lines).encode()
    return files


def _files(pack: Pack, value: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    yield "checkpoint", pack.note
    yield "log.vkey", f"{pack.vkey}\n".encode()
    yield PACK, render_json(value).encode()
    yield PAGE, render_page(value).encode()
    yield VERIFIER, verifier_source()
    yield "VERIFY.md", _guide(value).encode()
    for one in pack.entries:
        yield proof_path(one.index), one.proof
    for body in pack.opened:
        yield body_path(body.index), body.line
    for envelope in pack.envelopes:
        yield envelope_path(envelope.entry), envelope.data


def write_pack(place: Path, files: Mapping[str, bytes], mode: int = 0o755) -> None:
    """Writes them as a new folder of a mode, whole or not at all. Raises TrailError."""
    if place.exists() or place.is_symlink():
        raise TrailError(f"{place} exists already", hint="name a new folder")
    root: Path | None = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        root = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
        for name, data in files.items():
            write_below(root, name, data)
        sync_tree(root)
        root.chmod(mode)
        root.rename(place)
    except OSError as error:
        raise TrailError(f"cannot write {place}: {os_reason(error)}") from None
    finally:
        if root is not None and root.exists():
            shutil.rmtree(root, ignore_errors=True)


def _guide(value: Mapping[str, Any]) -> str:
    origin = value["asOf"]["origin"]
    return f"""# How to verify this pack

Log: `{origin}`, as of {value["asOf"]["size"]} entries.

Nothing in this folder proves anything by itself: whoever made the folder could have made the key and the verifier in it too. Get two
things from somewhere else:

1. **The log's key** (one line, `{origin}+…`), of the time of the checkpoint: from the people who run the log, by a way that does
   not pass through who gave you this folder; from a witness; or from an earlier export that you kept.
2. **The verifier**: `pip download lockgate` from the package index and take `lockgate/audit/standalone/{VERIFIER}`.

Then:

    python {VERIFIER} THIS-FOLDER --log-key LINE-OR-FILE [--witness-key LINE-OR-FILE]…
    lockgate audit verify THIS-FOLDER --log-key LINE-OR-FILE
    lockgate audit verify --proof THIS-FOLDER/proofs/INDEX.tlog-proof --log-key LINE-OR-FILE

They end with 0 when everything agrees, 3 when something was changed, and 4 when there was no key from outside.

## What is compared with what
| path | what | rests on |
|---|---|---|
| `checkpoint` | the signed size and root, with cosignatures | the log's key, and witnesses' |
| `proofs/` | each entry with its proof (`c2sp.org/tlog-proof@v1`) | the checkpoint |
| `{PACK}` | what was asked and found: `promotions`, `entries`, `streams` and `envelopes` are compared with the proofs; `answers` and `controls` are the word of whoever made the pack | the proofs |
| `bodies/` | where the pack reveals: what was said, with the key of this entry alone | its entry |
| `envelopes/` | where the pack reveals: statements and approvals as they were signed (DSSE) | the body; the signature on its signer's key |
| `{PAGE}`, `{OSCAL}` | the same for people, and for tools | made from `{PACK}`; `lockgate audit verify` makes them again and compares, the stand-alone verifier looks at their digests |
| `MANIFEST.sha256` | digests of all files (`sha256sum -c`); there is no other file | nothing: it is not signed |
"""
