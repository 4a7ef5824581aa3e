"""Packages of Debian that tests need: installed by root with apt-get, else asked for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from glob import glob

# What a package brings: a pattern of paths.
PACKAGES: Mapping[str, str] = {
    "postgresql": "/usr/lib/postgresql/*/bin/pg_ctl",
    "chromium": "/usr/bin/chromium",
    "softhsm2": "/usr/lib/*/softhsm/libsofthsm2.so /usr/lib/softhsm/libsofthsm2.so",
}


def is_there(package: str) -> bool:
    """Whether one of a package's paths exists."""
    return any(glob(pattern) for pattern in PACKAGES[package].split())


def add_packages() -> int:
    """Installs what is missing; 2, saying what to install, when that cannot be done."""
    missing = [package for package in PACKAGES if not is_there(package)]
    if not missing:
        return 0
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"tests need Debian's packages {' '.join(missing)}: install them", file=sys.stderr)
        return 2
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        print(f"apt-get {' '.join(command)} …", flush=True)
        if subprocess.run(["apt-get", "--quiet", *command], env=environment, check=False).returncode != 0:
            print(f"apt-get cannot install {' '.join(missing)}", file=sys.stderr)
            return 2
    return 0
