"""References that hold a digest: offline, by their own words."""

import re
from typing import Final, final

from lockgate.webhook.references.reference import Reference
from lockgate.webhook.references.resolution import GIT_COMMIT, SHA256, Digest, Outcome, Resolved, Unresolved

_SHA256: Final = re.compile(r"sha256:([0-9a-f]{64})")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
# What is to be done about a digest that is merely said.
NAMED: Final = "nobody compares this digest: check what is loaded (lockgate scan verify FACTS --at PATH)"


@final
class ContentResolver:
    """Image digests and commits, which whoever fetches compares, and digests in a path, which nobody does."""

    @property
    def name(self) -> str:
        """What it is called."""
        return "content"

    def resolve(self, reference: Reference) -> Outcome | None:
        """The digest in the reference, if there is one."""
        if reference.pin == "content":
            if found := _SHA256.fullmatch(reference.version):
                return Resolved(Digest(SHA256, found[1]), reference.uri, "content")
            if _COMMIT.fullmatch(reference.version):
                return Resolved(Digest(GIT_COMMIT, reference.version), reference.uri, "content")
            return Unresolved(
                f"its digest is of an algorithm that is not known here: {reference.version[:80]}",
                "name the image by its sha256 digest",
            )
        if reference.pin == "name" and (found := _SHA256.fullmatch(reference.version)):
            return Resolved(Digest(SHA256, found[1]), reference.uri, "name", NAMED)
        return None
