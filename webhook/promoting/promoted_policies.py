"""Policies that take effect only as a PolicyBundle that was promoted: out of a folder of archives the one whose digest the trail names.

Whatever else lies in the folder, and whatever is applied to the cluster, is not in force.
"""

import os
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.errors import UsageError, os_reason
from lockgate.webhook.policy_bundle.bundle import MAX_ARCHIVE_BYTES
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.policy_bundle.opening import read_bundle
from lockgate.webhook.policy_sources import ARCHIVES
from lockgate.webhook.terminal import printable
from lockgate.webhook.walk import shown_path

if TYPE_CHECKING:
    from lockgate.webhook.policy_bundle.bundle import PolicyBundle

# Archives in a folder: each version that was ever promoted may lie there.
MAX_ARCHIVES: Final = 1_000


@final
class PromotedPolicies:
    """What is in force of policies. name: what they are called; environment: into which they are promoted.

    digest: asks for the digest that is promoted now (`sha256:<hex>`); raises UsageError without one.

    Used by one thread at a time.
    """

    def __init__(self, folder: str, cwd: str, digest: Callable[[], str], name: str, environment: str) -> None:
        self.name: Final = name
        self.environment: Final = environment
        self._folder: Final = folder
        self._cwd: Final = cwd
        self._digest: Final = digest
        self._bundle: PolicyBundle | None = None

    def sources(self) -> "tuple[PolicyBundle, ...]":
        """The PolicyBundle. Raises UsageError where none is promoted, or the folder does not have it."""
        digest = self._digest()
        if self._bundle is None or self._bundle.digest != digest:
            self._bundle = self._find(digest)
        return (self._bundle,)

    def _find(self, digest: str) -> "PolicyBundle":
        place = os.path.join(self._cwd, self._folder)
        shown = printable(shown_path(self._folder, self._cwd))
        try:
            names = sorted(name for name in os.listdir(place) if name.endswith(ARCHIVES))
        except OSError as error:
            raise UsageError(f"cannot read the folder {shown}: {os_reason(error)}") from None
        if len(names) > MAX_ARCHIVES:
            raise UsageError(
                f"there are more than {MAX_ARCHIVES} archives in {shown}", hint="take old ones away"
            )
        for name in names:
            path = os.path.join(place, name)
            data = read_regular(path, f"{shown}/{printable(name)}", MAX_ARCHIVE_BYTES)
            if f"sha256:{sha256(data).hexdigest()}" == digest:
                # Read again and compared: it may have been replaced meanwhile.
                return read_bundle(path, f"{shown}/{printable(name)}", digest, None)
        raise UsageError(
            f"the PolicyBundle that is promoted, {digest}, is not in {shown}",
            hint="put its archive there, as lockgate policy bundle wrote it",
        )
