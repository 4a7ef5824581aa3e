"""`lockgate audit verify --proof`: a proof that came alone, checked from its file and keys from outside."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lockgate.audit.completeness import MAX_PROOF
from lockgate.audit.entry import MAX_ENTRY
from lockgate.audit.note import encode_base64, render_verifier_key
from lockgate.audit.shown_proof import Shown, ShownEntry, parse_proof, verify_proof
from lockgate.audit.store.appender import system_clock
from lockgate.engine.errors import UsageError, os_reason
from lockgate.webhook.given_keys import trust_in
from lockgate.webhook.output import write_output
from lockgate.webhook.render_verification import range_value
from lockgate.webhook.terminal import Palette, choose_palette, printable

NO_KEY: Final = "no key of the log was given from outside: whoever wrote the proof could have signed it"
# A stream's head is logged by the log's keeper.
HEADS: Final = (
    "that this is the last entry is what the log says of its streams: `lockgate audit verify` and `audit monitor` "
    "recompute it from all entries"
)


@dataclass(frozen=True, slots=True)
class ProofFile:
    """Where the proof lies, and the entry's bytes if they lie apart."""

    proof: str
    entry: str | None


def _read(path: str, limit: int) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {os_reason(error)}") from None
    if len(data) > limit:
        raise UsageError(f"{path} is larger than {limit} bytes")
    return data


def verify_proof_file(
    files: ProofFile, log_keys: Sequence[str], trust_file: str | None, chosen: str, output: str | None
) -> int:
    """Checks a proof and tells what it shows; returns 0, or 4 without a key. Raises UsageError or TrailError."""
    proof = parse_proof(_read(files.proof, MAX_PROOF))
    entry = b"" if files.entry is None else _read(files.entry, MAX_ENTRY)
    shown = verify_proof(proof, entry, trust_in(log_keys, trust_file), system_clock())
    palette = Palette(False) if output is not None else choose_palette("auto", sys.stdout)
    write_output(_json(shown) if chosen == "json" else _text(shown, palette), output)
    return 0 if shown.signers else 4


def _statement(shown: Shown) -> Iterator[str]:
    what = shown.what
    if isinstance(what, ShownEntry):
        entry = what.entry
        yield f"entry {what.index} is in the log as it was recorded: {entry.kind} of {entry.value['time']}"
        yield f"leaf hash {encode_base64(what.leaf)}"
    elif what.leaf is None:
        yield f"there is no stream {what.name} among the first {what.size} entries of the log"
    else:
        yield f"the stream {what.name} has {what.count} entries among the first {what.size} of the log"
        yield f"leaf hash of the last {encode_base64(what.leaf)}"


def _text(shown: Shown, palette: Palette) -> str:
    checkpoint, assurance = shown.checkpoint, shown.assurance
    is_green = assurance is not None and assurance.state.is_green
    verdict = palette.paint(
        "verified" if shown.signers else "cannot be verified", "green" if is_green else "yellow", "bold"
    )
    lines = [f"{printable(checkpoint.origin)}: {verdict}"]
    lines += [f"  {printable(line)}" for line in _statement(shown)]
    lines.append(
        f"  under the checkpoint of {checkpoint.size} entries, root {encode_base64(checkpoint.root)}"
    )
    lines += [f"  signed by {printable(render_verifier_key(key))}" for key in shown.signers]
    if assurance is None:
        lines.append(f"  {palette.paint('not verified', 'yellow')}: {NO_KEY}")
    else:
        style = "green" if is_green else "yellow"
        lines.append(f"  state: {palette.paint(str(assurance.state), style, 'bold')}")
        lines += [f"    {printable(str(one))}" for one in assurance.ranges]
        lines += [f"    {printable(one)}" for one in assurance.remarks]
    if not isinstance(shown.what, ShownEntry):
        lines.append(f"  note: {HEADS}")
    return "\n".join(lines) + "\n"


def _json(shown: Shown) -> str:
    checkpoint, assurance, what = shown.checkpoint, shown.assurance, shown.what
    if isinstance(what, ShownEntry):
        told: dict[str, Any] = {
            "kind": "entry",
            "index": what.index,
            "leafHash": encode_base64(what.leaf),
            "entry": what.entry.value,
        }
    else:
        told = {
            "kind": "stream",
            "stream": what.name,
            "entries": what.count,
            "among": what.size,
            "leafHash": None if what.leaf is None else encode_base64(what.leaf),
        }
    value = {
        "schemaVersion": 1,
        "verdict": "verified" if shown.signers else "unverifiable",
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": encode_base64(checkpoint.root),
        "proof": told,
        "signedBy": [render_verifier_key(key) for key in shown.signers],
        "unverifiable": [] if shown.signers else [NO_KEY],
        "state": None if assurance is None else str(assurance.state),
        "assurance": [] if assurance is None else [range_value(one) for one in assurance.ranges],
        "remarks": [
            *(() if assurance is None else assurance.remarks),
            *(() if isinstance(what, ShownEntry) else (HEADS,)),
        ],
    }
    return json.dumps(value, indent=2) + "\n"
