"""axe-core, which looks for what keeps people out of a page: fetched by npm into the cache, once a version, and known by its hash."""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.programs import absent, programs_root

VERSION: Final = "4.10.2"
SHA256: Final = "b511cd9dec01c76f4b2ad1723b66b6db37d4c2eb4ed199076e1829d9ee7b75e3"

# What a reader should be spared, and where it is: WCAG 2.1 AA, and what axe's authors think best. It looks at style sheets by
# itself, which our pages' policies do not allow anybody.
AXE: Final = (
    "axe.run(document, {preload: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
    ".then(found => found.violations.map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')))"
)


def _place() -> Path:
    return programs_root() / f"axe-core-{VERSION}" / "axe.min.js"


def fetch_axe() -> int:
    """Fetches it where it is missing; 2, saying so, where that cannot be done."""
    place = _place()
    if place.is_file():
        print(f"axe-core {VERSION} is there")
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("the pages' tests need axe-core, which npm fetches: install npm", file=sys.stderr)
        return 2
    print(f"fetching axe-core {VERSION} …", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", f"axe-core@{VERSION}"]
        if subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL).returncode != 0:
            print(f"npm cannot fetch axe-core {VERSION}", file=sys.stderr)
            return 2
        with tarfile.open(Path(folder) / f"axe-core-{VERSION}.tgz") as archive:
            file = archive.extractfile("package/axe.min.js")
            assert file is not None
            script = file.read()
    if hashlib.sha256(script).hexdigest() != SHA256:
        print(f"axe-core {VERSION} is not the one that is known here", file=sys.stderr)
        return 2
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(script)
    return 0


def axe_script() -> str:
    """The script; without it the test is skipped, or fails where programs are required."""
    place = _place()
    if not place.is_file():
        absent(f"{place} is absent: fetch it with `make e2e`")
    data = place.read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256, "another script is in the cache"
    return data.decode()
