"""Checking a pack again: by the stand-alone verifier, and its page and OSCAL document against `pack.json`, from which they were made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lockgate.audit.errors import VerificationError
from lockgate.audit.files import AbsentError, read_inside
from lockgate.audit.note import VerifierKey, render_verifier_key
from lockgate.audit.packs.folder import OSCAL, PACK, PAGE
from lockgate.audit.packs.oscal import render_oscal
from lockgate.audit.packs.page import render_page
from lockgate.audit.standalone import verify_trail as standalone

MAX_FILE: Final = 64 * 1024 * 1024
# What a hostile file makes of whoever reads it.
_MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError)


@dataclass(frozen=True, slots=True)
class CheckedPack:
    """A pack in which everything agrees. lines: what was looked at, for people; remarks: what was not."""

    origin: str
    size: int
    lines: tuple[str, ...]
    remarks: tuple[str, ...]


def is_pack(place: Path) -> bool:
    """Whether a folder looks like an evidence pack."""
    return (place / PACK).is_file()


def check_pack(
    place: Path, log_keys: Sequence[VerifierKey], witness_keys: Sequence[VerifierKey], made_by: str
) -> CheckedPack:
    """Checks it, under keys from elsewhere. made_by: this Lockgate; another one's page may look otherwise.

    Raises VerificationError for whatever does not fit.
    """
    try:
        keys, witnesses = [
            [standalone.load_key(render_verifier_key(one)) for one in some]  # type: ignore[no-untyped-call]
            for some in (log_keys, witness_keys)
        ]
        lines = standalone.verify_pack(str(place.resolve()), keys, witnesses)  # type: ignore[no-untyped-call]
        value = json.loads(read_inside(place, PACK, MAX_FILE))
        remarks = _rendered(place, value, made_by)
        as_of = value["asOf"]
        return CheckedPack(
            as_of["origin"], as_of["size"], tuple([str(one) for one in lines[:-1]]), tuple(remarks)
        )
    except standalone.Tampered as error:
        raise VerificationError(str(error)) from None
    except _MALFORMED as error:
        raise VerificationError(f"the pack is malformed: {error!r}"[:300]) from None


def _rendered(place: Path, value: Mapping[str, Any], made_by: str) -> list[str]:
    remarks = [
        "answers but for promotions, standings and controls are the word of whoever made the pack",
        "signatures of people were not checked: their public keys are not in the pack",
    ]
    if value["madeBy"] != made_by:
        return [
            f"the page and oscal.json were made by {str(value['madeBy'])[:60]}, and this is {made_by}: only their digests were looked at",
            *remarks,
        ]
    if read_inside(place, PAGE, MAX_FILE) != render_page(value).encode():
        raise VerificationError(f"it is not the page of {PACK}", where=PAGE)
    try:
        oscal = read_inside(place, OSCAL, MAX_FILE)
    except AbsentError:
        return remarks
    if oscal != render_oscal(value):
        raise VerificationError(f"it is not the document of {PACK}", where=OSCAL)
    return remarks
