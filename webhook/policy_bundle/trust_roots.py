"""Trust roots in a PolicyBundle: whose signed facts count, and the keys of the logs that recorded them.

They lie in `trust/`: `facts-trust.toml` as it is written, each producer's key at the place that it names, and `log-keys` with a line
for each log. So they are promoted, and rolled back, with the policies that ask for facts.
"""

import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.policy_bundle.bundle import PolicyBundle, name_problem

if TYPE_CHECKING:
    from lockgate.audit.attestations.facts_trust import FactsTrust

FOLDER: Final = "trust/"
FACTS_TRUST: Final = f"{FOLDER}facts-trust.toml"
LOG_KEYS: Final = f"{FOLDER}log-keys"


@record
class TrustRoots:
    """What a bundle says about signed facts. log_keys: lines `NAME+ID+KEY`."""

    facts: "FactsTrust"
    log_keys: tuple[str, ...]


def read_roots(trust: str, log_keys: Sequence[str]) -> Iterator[tuple[str, bytes, str]]:
    """Names in the bundle, bytes, and where they are from. Raises UsageError for what is no trust file, or names keys elsewhere."""
    from lockgate.audit.note import render_verifier_key
    from lockgate.webhook.given_keys import read_key
    from lockgate.webhook.scanning.trust_file import trust_files

    for named, data in trust_files(trust):
        if not named:
            yield FACTS_TRUST, data, trust
            continue
        problem = name_problem(named)
        if _inside(named) in (FACTS_TRUST, LOG_KEYS):
            problem = "another file has that name"
        if problem:
            raise UsageError(
                f"{trust} names the key {named!r}, which cannot be in a PolicyBundle: {problem}",
                hint="put the keys beside the trust file, or below",
            )
        yield _inside(named), data, named
    if log_keys:
        lines = sorted({render_verifier_key(read_key(one)) for one in log_keys})
        yield LOG_KEYS, "".join([f"{line}\n" for line in lines]).encode(), ", ".join(log_keys)


def trust_roots(bundle: PolicyBundle) -> TrustRoots | None:
    """What the bundle has; None where it has none. Raises UsageError for what cannot be used."""
    from lockgate.webhook.scanning.trust_file import parse_facts_trust

    files = {one.name: one.data for one in bundle.files}
    data = files.get(FACTS_TRUST)
    if data is None:
        return None

    def key_of(named: str) -> bytes:
        found = files.get(_inside(named))
        if found is None:
            raise UsageError(
                f"{bundle.place(FACTS_TRUST)} names the key {named!r}, which is not in the bundle"
            )
        return found

    lines = files.get(LOG_KEYS, b"").decode("utf-8", "replace").split("\n")
    return TrustRoots(
        parse_facts_trust(data, bundle.place(FACTS_TRUST), key_of), tuple([one for one in lines if one])
    )


def _inside(named: str) -> str:
    return posixpath.join(FOLDER, named)
