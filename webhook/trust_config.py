"""`trust.toml`: what a verifier knows of a log from elsewhere, in a file that it keeps itself.

origin = "example.com/lockgate/prod"
administrator = "Example Ltd, platform team"
log-keys = ["example.com/lockgate/prod+1d2e…+AQ…"]
maximum-age = 86400                      # seconds; how old the latest cosignature may be
quorum = "any"                           # any, all, or a number of the witnesses

[[witness]]
name = "other"
key = "other.example/witness+0a1b…+BA…"
administrator = "Other Ltd"
url = "https://witness.other.example/"   # asked by the log's keeper only

[[revoked]]
key = "example.com/lockgate/prod+1d2e…+AQ…"
last-good = 40210                        # entries that its signatures are believed for
root = "…"                               # of their tree, in base64, as the successor's first entry has it
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from lockgate.audit.errors import FormatError
from lockgate.audit.merkle import HASH_SIZE
from lockgate.audit.note import decode_base64, parse_verifier_key
from lockgate.audit.trust import Revocation, Trust, TrustedWitness
from lockgate.audit.witness_policy import WitnessPolicy, parse_witness_policy
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.webhook.trail_config import Table, Text, read_table
from pydantic import Field

# A day: a witness that is asked every few minutes was then silent for long.
MAXIMUM_AGE_S: Final = 86_400


class WitnessTable(Table):
    """A witness that is trusted to be somebody's."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    key: Text
    administrator: Text
    url: str = ""


class RevokedTable(Table):
    """A key of the log that was compromised."""

    key: Text
    last_good: Annotated[int, Field(gt=0)]
    root: Text

    def parsed(self) -> Revocation:
        """As `Trust` has it. Raises FormatError."""
        root = decode_base64(self.root, "the root of what is believed of a revoked key")
        if len(root) != HASH_SIZE:
            raise FormatError("the root of what is believed of a revoked key has 32 bytes")
        return Revocation(parse_verifier_key(self.key), self.last_good, root)


class TrustConfig(Table):
    """The whole of `trust.toml`."""

    origin: Text
    administrator: Text
    log_keys: Annotated[list[Text], Field(min_length=1)]
    maximum_age: Annotated[int, Field(gt=0)] = MAXIMUM_AGE_S
    quorum: Literal["any", "all"] | Annotated[int, Field(gt=0)] = "any"
    witness: list[WitnessTable] = []
    revoked: list[RevokedTable] = []


def _policy(witnesses: list[WitnessTable], quorum: str) -> WitnessPolicy:
    if not witnesses:
        return parse_witness_policy("quorum none\n")
    lines = [f"witness {one.name} {one.key}\n" for one in witnesses]
    names = " ".join([one.name for one in witnesses])
    # A witness's name has no slash, so that the group's is nobody's.
    return parse_witness_policy("".join(lines) + f"group of/all {quorum} {names}\nquorum of/all\n")


def read_trust(path: Path) -> Trust:
    """What a trust file says. Raises UsageError, naming the file."""
    made = read_table(path, TrustConfig)
    try:
        log_keys = tuple([parse_verifier_key(key) for key in made.log_keys])
        for key in log_keys:
            if key.name != made.origin:
                raise UsageError(f"the log's key is of {key.name!r}, not of {made.origin!r}")
        policy = _policy(made.witness, str(made.quorum))
        witnesses = [
            TrustedWitness(one.name, policy.witnesses[one.name][0], one.administrator, one.url)
            for one in made.witness
        ]
        revoked = tuple([one.parsed() for one in made.revoked])
        return Trust(
            made.origin, log_keys, made.administrator, tuple(witnesses), policy, made.maximum_age, revoked
        )
    except LockgateError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from None
