"""`lockgate audit verify` of an evidence pack: its proofs under keys from outside, and its page against `pack.json`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lockgate.audit.errors import VerificationError
from lockgate.audit.key_following import is_by
from lockgate.audit.note import parse_note
from lockgate.audit.packs.checking import CheckedPack, check_pack
from lockgate.webhook.given_keys import trust_in
from lockgate.webhook.output import write_output
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import EVALUATOR

NO_KEY: Final = "no key of the log was given from outside: whoever made the pack could have signed it"


def verify_pack_folder(
    folder: str, log_keys: Sequence[str], trust_file: str | None, chosen: str, output: str | None
) -> int:
    """Checks it and tells what was looked at; returns 0, or 4 without a key from outside. Raises UsageError or TrailError."""
    place = Path(folder)
    given = [Path(one) for one in (*log_keys, *(() if trust_file is None else (trust_file,)))]
    outside = bool(given) and not any(
        one.exists() and one.resolve().is_relative_to(place.resolve()) for one in given
    )
    trust = trust_in(log_keys, trust_file)
    keys = () if trust is None else trust.log_keys
    witnesses = () if trust is None else tuple([one.key for one in trust.witnesses])
    checked = check_pack(place, keys, witnesses, EVALUATOR)
    if trust is not None:
        if checked.origin != trust.origin:
            raise VerificationError(f"the pack is of the log {checked.origin!r}, not {trust.origin!r}")
        note = parse_note((place / "checkpoint").read_bytes())
        signers = [key for key in keys if is_by(note, key)]
        if all(trust.is_revoked(key, checked.size) for key in signers):
            raise VerificationError("the checkpoint is signed by a key that was revoked", where="checkpoint")
    write_output(_json(checked, outside) if chosen == "json" else _text(checked, outside), output)
    return 0 if outside else 4


def _text(checked: CheckedPack, outside: bool) -> str:
    lines = [f"{printable(checked.origin)}: {'verified' if outside else 'cannot be verified'}"]
    lines += [f"  {printable(one)}" for one in checked.lines]
    lines += [f"  not compared: {printable(one)}" for one in checked.remarks]
    if not outside:
        lines.append(f"  not verified: {NO_KEY}")
    return "\n".join(lines) + "\n"


def _json(checked: CheckedPack, outside: bool) -> str:
    value = {
        "schemaVersion": 1,
        "verdict": "verified" if outside else "unverifiable",
        "origin": checked.origin,
        "size": checked.size,
        "shown": [*checked.lines],
        "remarks": [*checked.remarks],
        "unverifiable": [] if outside else [NO_KEY],
    }
    return json.dumps(value, indent=2) + "\n"
