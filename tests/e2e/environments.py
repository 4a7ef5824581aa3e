"""Python programs that tests ask, each in a virtual environment of its own in the cache: what they need is not for ours."""

import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.programs import absent, programs_root

# By their names: what pip installs, pinned.
ENVIRONMENTS: Mapping[str, tuple[str, ...]] = {
    "google-cloud-monitoring-2.32.0": ("google-cloud-monitoring==2.32.0",),
    # It imports pyOpenSSL, which nothing that it asks for brings any more.
    "model-signing-1.1.1": ("model-signing==1.1.1", "pyOpenSSL==26.4.0", "sigstore==4.5.1"),
    "kfp-2.17.3": ("kfp==2.17.3",),
    # The client and what its server imports: the whole of mlflow takes 850 MB, this 360.
    "mlflow-3.17.2": (
        *(
            "mlflow-skinny==3.17.2",
            "aiohttp==3.14.5",
            "alembic==1.20.1",
            "cryptography==50.0.2",
            "fastapi==0.165.0",
        ),
        *("Flask==3.1.3", "flask-cors==6.0.5", "graphene==3.4.3", "huey==3.5.4", "pandas==3.1.1"),
        *("SQLAlchemy==2.1.9", "uvicorn==0.54.0"),
    ),
    # It reports in the form that it has had since 0.7, and (`evidently.legacy`) in the one before.
    # pandas 3 has no more what it imports.
    "evidently-0.7.23": ("evidently==0.7.23", "numpy==2.4.6", "pandas==2.3.3"),
}
# Scanners that `python -m tests.bench models` compares ours with, which it installs when it first runs.
SCANNERS: Mapping[str, tuple[str, ...]] = {
    "picklescan-1.0.5": ("picklescan==1.0.5", "numpy", "py7zr"),
    "modelscan-0.8.8": ("modelscan==0.8.8",),
    "fickling-0.1.12": ("fickling==0.1.12", "typing_extensions"),
    "modelaudit-picklescan-0.1.12": ("modelaudit-picklescan==0.1.12",),
}


def _python(name: str) -> Path:
    return programs_root() / name / "bin" / "python"


def add_environments(wanted: Mapping[str, tuple[str, ...]] = ENVIRONMENTS) -> int:
    """Makes what is missing; 2 where pip cannot."""
    for name, packages in wanted.items():
        if _python(name).exists():
            print(f"{name} is there")
            continue
        print(f"installing {name} …", flush=True)
        place = programs_root() / name
        try:
            venv.create(place, with_pip=True)
            command = [
                str(_python(name)),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                *packages,
            ]
            subprocess.run(command, check=True)
        except subprocess.CalledProcessError:
            # Nothing is half there.
            shutil.rmtree(place, ignore_errors=True)
            print(f"pip cannot install {' '.join(packages)}", file=sys.stderr)
            return 2
    return 0


def environment(name: str) -> Path:
    """The interpreter of an environment; skips the test, saying so, where it is not there."""
    path = _python(name)
    if not path.exists():
        absent(f"{path} is absent: make it with `make e2e`")
    return path
