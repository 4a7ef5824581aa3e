"""docs/install.md, followed: every command of its `console` blocks, in order, on a real API server.

Blocks of other languages need nodes, a database or a registry, and are not run here.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cluster import running_cluster

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "install.md"


def commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [
        line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")
    ]


def test_the_page_can_be_followed(tmp_path: Path) -> None:
    for name in ("policies", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    with running_cluster() as cluster:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "KUBECONFIG": str(cluster.kubeconfig())}
        environment.pop("KUBERNETES_SERVICE_HOST", None)
        script = ["set -o pipefail"]
        told: dict[str, tuple[int, str]] = {}
        exports: list[str] = []
        for command in commands():
            if command.startswith("export "):
                exports.append(command)
            full = "\n".join([*script, *exports, command])
            done = subprocess.run(
                ["bash", "-c", full],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            told[command] = (done.returncode, done.stdout + done.stderr)
            # Without nodes nothing runs, and doctor says so.
            wanted = 1 if command == "lockgate doctor" else 0
            assert done.returncode == wanted, (command, told[command])
        assert len(told) > 8
        assert "0 of 1 replicas are available" in told["lockgate doctor"][1]
        status, _ = cluster.ask("GET", "/apis/apps/v1/namespaces/lockgate-system/deployments/lockgate")
        assert status == 404
