"""Opens what `-p` names: PolicyBundles are read and checked here, folders and files stay what they are.

What is named inside of the repository under judgement is whatever the change made of it. With a base revision a bundle
from there decides only if something outside of it says which one it is (a pin) or whose it is (a trusted key); without
either it is the base's.
"""

import os
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.policy_bundle.archive import read_archive
from lockgate.webhook.policy_bundle.bundle import (
    DIGEST,
    MAX_ARCHIVE_BYTES,
    SIGNATURES,
    PolicyBundle,
    bundle_error,
)
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.policy_bundle.layout import is_layout, read_layout
from lockgate.webhook.policy_bundle.opa_signatures import verify_files
from lockgate.webhook.policy_sources import ARCHIVES, PIN
from lockgate.webhook.walk import shown_path

if TYPE_CHECKING:
    from lockgate.webhook.base import Base
    from lockgate.webhook.policy_bundle.trusted_keys import PolicyKeys


@record
class Opening:
    """How to open. keys: one of them has to have signed each policy, if they are given. base: the revision, if any."""

    cwd: str
    keys: "PolicyKeys | None" = None
    base: "Base | None" = None

    def open(self, paths: Iterable[str]) -> "list[str | PolicyBundle]":
        """The bundles that are named, read, and the paths of everything else. Raises UsageError."""
        return [self._open(path) for path in paths]

    def _open(self, named: str) -> "str | PolicyBundle":
        path, at, digest = named.partition(PIN)
        pin = f"sha256:{digest}" if at else ""
        if at and not (path and DIGEST.fullmatch(pin)):
            raise UsageError(
                f"{named} does not pin a PolicyBundle",
                hint="write PATH@sha256: and 64 digits of 0-9a-f, as lockgate policy bundle prints it",
            )
        shown = shown_path(path, self.cwd)
        if self.base is None or self.base.inside(path) is None:
            return self._at(path, shown, pin)
        if pin:
            return self._pinned(path, shown, pin, self.base)
        if self.base.has(path):
            (place,) = self.base.paths([path], "policies")
            return self._at(place, shown, "")
        if is_bundle(path) and self.keys is None:
            raise UsageError(
                f"{shown} is a PolicyBundle that the change under judgement may have made: "
                f"{self.base.tree.revision} does not have it, and nothing says that it is the right one",
                hint="pin it (-p PATH@sha256:…), or name the key that it is signed with (--policy-key)",
            )
        if is_bundle(path):
            return self._at(path, shown, "")
        # Tells that the base has no such path.
        (place,) = self.base.paths([path], "policies")
        return place

    def _pinned(self, path: str, shown: str, pin: str, base: "Base") -> "str | PolicyBundle":
        """The work tree's or the base's, whichever the pin is for."""
        try:
            return self._at(path, shown, pin)
        except UsageError:
            if not base.has(path):
                raise
            (place,) = base.paths([path], "policies")
            try:
                return self._at(place, shown, pin)
            except UsageError:
                pass
            raise

    def _at(self, path: str, shown: str, pin: str) -> "str | PolicyBundle":
        if is_bundle(path):
            return read_bundle(path, shown, pin, self.keys)
        if pin:
            raise UsageError(
                f"{shown} is no PolicyBundle, and only one can be pinned"
                if os.path.lexists(path)
                else f"the policy path {shown} does not exist",
                hint="make one: lockgate policy bundle PATH -o policy.tar.gz",
            )
        if self.keys is not None:
            raise UsageError(
                f"{shown} is no PolicyBundle, and policies have to be signed",
                hint="make one: lockgate policy bundle PATH --key KEY.pem -o policy.tar.gz",
            )
        return path


def is_bundle(path: str) -> bool:
    """Is it an archive by its name, or an OCI layout by what is in it?"""
    return (path.endswith(ARCHIVES) and not os.path.isdir(path)) or is_layout(path)


def read_bundle(path: str, shown: str, pin: str, keys: "PolicyKeys | None") -> PolicyBundle:
    """The bundle in a file or a layout. pin: the digest that it has to have, if any. Raises UsageError."""
    trusted = None if keys is None else keys.keys
    if not path.endswith(ARCHIVES) or os.path.isdir(path):
        return read_layout(path, shown, pin, trusted)
    data = read_regular(path, f"the PolicyBundle {shown}", MAX_ARCHIVE_BYTES)
    digest = f"sha256:{sha256(data).hexdigest()}"
    if pin not in ("", digest):
        raise bundle_error(
            shown,
            f"it is {digest}, and {pin} is asked for",
            "it was changed, or the pin is another version's",
        )
    files = read_archive(data, shown)
    signer = "" if trusted is None else verify_files(files, trusted, shown)
    return PolicyBundle(shown, digest, tuple([one for one in files if one.name != SIGNATURES]), signer)
