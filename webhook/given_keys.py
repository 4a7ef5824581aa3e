"""A log's keys that were given from outside: as lines, in files, or in a trust file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lockgate.audit.errors import FormatError
from lockgate.audit.note import VerifierKey, parse_verifier_key
from lockgate.audit.trust import Trust
from lockgate.audit.witness_policy import parse_witness_policy
from lockgate.engine.errors import UsageError
from lockgate.webhook.trust_config import MAXIMUM_AGE_S, read_trust

MAX_KEY_FILE: Final = 64 * 1024
UNKNOWN: Final = "unknown"


def read_key(text: str) -> VerifierKey:
    """A log's key, as its line or as a file that holds it. Raises UsageError."""
    if "+" not in text or Path(text).is_file():
        try:
            with open(text, "rb") as stream:
                text = stream.read(MAX_KEY_FILE).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
            raise UsageError(f"cannot read the key {text}: {reason.lower()}") from None
    try:
        return parse_verifier_key(text)
    except FormatError as error:
        raise UsageError(
            f"that is no key of a log: {error.message}", hint="a line NAME+ID+KEY, or a file with it"
        ) from None


def trust_in(log_keys: Sequence[str], trust_file: str | None) -> Trust | None:
    """The log's keys that were given from outside; None where none was."""
    keys = tuple([read_key(one) for one in log_keys])
    if trust_file is not None:
        trust = read_trust(Path(trust_file))
        return replace(trust, log_keys=keys) if keys else trust
    if not keys:
        return None
    return Trust(keys[0].name, keys, UNKNOWN, (), parse_witness_policy("quorum none\n"), MAXIMUM_AGE_S)
