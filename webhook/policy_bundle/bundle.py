"""A PolicyBundle as it is read: names and bytes of files in memory. Nothing of a bundle is ever written to a disk."""

import re
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record

# Compressed: as large as one policy file may be. A thousand templates with their constraints make half a megabyte.
MAX_ARCHIVE_BYTES: Final = 8 * 1024 * 1024
# Unpacked, all files together, and one of them.
MAX_TOTAL_BYTES: Final = 64 * 1024 * 1024
MAX_FILE_BYTES: Final = 8 * 1024 * 1024
# Policies shrink to a tenth, many that are alike to a fiftieth; deflate can do 1,032. What is small may be anything.
MAX_RATIO: Final = 200
FREE_BYTES: Final = 1024 * 1024
MAX_ENTRIES: Final = 10_000
MAX_NAME_BYTES: Final = 240
MAX_DEPTH: Final = 32

# What OPA gives a meaning of its own, wherever it is in a bundle (v1/bundle/bundle.go).
MANIFEST: Final = ".manifest"
SIGNATURES: Final = ".signatures.json"
OPA_NAMES: Final = frozenset(
    {"data.json", "data.yaml", "data.yml", "patch.json", "plan.json", "policy.wasm", MANIFEST, SIGNATURES}
)

DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_SHOWN: Final = 120
_HINT: Final = "make it anew with: lockgate policy bundle"


@record
class BundleFile:
    """A file of a bundle: its name, a relative path with `/`."""

    name: str
    data: bytes


@record
class PolicyBundle:
    """A bundle that was read and found to be what it has to be.

    shown: what the user calls it. digest: `sha256:…` of the archive, or of the manifest in an OCI layout; what a pin
    names. files: sorted by name, without `.signatures.json`. signer: whose key signed it; empty where none was asked for.
    """

    shown: str
    digest: str
    files: tuple[BundleFile, ...]
    signer: str = ""

    def place(self, name: str) -> str:
        """A file of it in a message: `policy.tar.gz!/templates/x.yaml`."""
        return f"{self.shown}!/{name}"


def shown_name(name: str) -> str:
    """A name from an archive in a message, bounded."""
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")


def bundle_error(shown: str, message: str, hint: str = _HINT) -> UsageError:
    """Why a bundle is not taken."""
    return UsageError(f"{shown} is no PolicyBundle that can be used: {message}", hint=hint)


def name_problem(name: str) -> str:
    """What is wrong with the name of a file in a bundle; empty when nothing is."""
    if not name or len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        return f"its name has none or more than {MAX_NAME_BYTES} bytes"
    if name.startswith("/") or "\\" in name or re.match(r"[A-Za-z]:", name):
        return "its name is an absolute path, or one of Windows"
    if not name.isprintable():
        return "its name has characters that cannot be shown"
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "its name leads out of the bundle, or is not in its shortest form"
    if len(parts) > MAX_DEPTH:
        return f"it is more than {MAX_DEPTH} folders deep"
    return ""
