"""The seal of a head row, under a key of the installation that is not in the database."""

import hmac

from lockgate.audit.merkle import Hash


def head_seal(seal_key: bytes, origin: str, size: int, root: Hash) -> bytes:
    """The seal of a head row. What was committed and not yet signed when a process died is signed only under it.

    Without it, who can write to the database, and has no key, could add entries and have the next start sign them.
    """
    return hmac.digest(seal_key, f"{origin}\n{size}\n".encode() + root, "sha256")
