"""Load on an admission webhook: wrk with AdmissionReviews of which no two are equal.

Each body is one of the library's sample Pods with another name, uid and image tag every time: what a server could
remember of a review does not help it.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

# In a body; replaced by the number of the request.
COUNTER = "@@"
IMAGE = re.compile(r":[^:/@]*$")
USER = {
    "username": "system:serviceaccount:kube-system:replicaset-controller",
    "groups": ["system:serviceaccounts"],
}
NAMESPACE = "default"

SCRIPT = """
local bodies = {}
for line in io.lines(os.getenv("BODIES")) do
  local parts = {}
  local from = 1
  while true do
    local at = line:find("@@", from, true)
    if not at then break end
    parts[#parts + 1] = line:sub(from, at - 1)
    from = at + 2
  end
  parts[#parts + 1] = line:sub(from)
  bodies[#bodies + 1] = parts
end
local headers = {["Content-Type"] = "application/json"}
local count = tonumber(os.getenv("FIRST"))
function request()
  count = count + 1
  return wrk.format("POST", nil, headers, table.concat(bodies[count % #bodies + 1], tostring(count)))
end
function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "most": %f, "failed": %d, "statuses": %d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of wrk saw: requests a second, and latencies in seconds. processor: of the server, seconds a request."""

    rate: float
    p50: float
    p99: float
    most: float
    processor: float


def review_bodies(pods: Sequence[Json]) -> list[str]:
    """AdmissionReviews of the creation of Pods, with COUNTER where they differ."""
    return [json.dumps(_review(pod), separators=(",", ":")) for pod in pods]


def _review(pod: Json) -> Json:
    pod = json.loads(json.dumps(pod))
    name = f"pod-{COUNTER}"
    pod["metadata"] = {**pod["metadata"], "name": name, "namespace": NAMESPACE, "uid": f"object-{COUNTER}"}
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in pod.get("spec", {}).get(field) or ():
            if isinstance(container.get("image"), str):
                container["image"] = f"{IMAGE.sub('', container['image'])}:v{COUNTER}"
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": f"review-{COUNTER}",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
            "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "name": name,
            "namespace": NAMESPACE,
            "operation": "CREATE",
            "userInfo": USER,
            "object": pod,
            "oldObject": None,
            "dryRun": False,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    }


def numbered(bodies: Sequence[str], number: int) -> Iterator[Json]:
    """The bodies as one request each."""
    for body in bodies:
        yield json.loads(body.replace(COUNTER, str(number)))


def press(
    url: str, bodies: Sequence[str], *, connections: int, seconds: int, first: int, processes: Sequence[int]
) -> Load:
    """One run of wrk on a webhook; an answer that is not 200, or none, ends the bench.

    first: the number of the first request. processes: the server's, with all that serve it.
    """
    program = shutil.which("wrk")
    if program is None:
        raise SystemExit("wrk is absent: install the package of that name")
    with tempfile.TemporaryDirectory() as folder:
        script, lines = Path(folder, "load.lua"), Path(folder, "bodies")
        script.write_text(SCRIPT)
        lines.write_text("\n".join(bodies) + "\n")
        command: list[str | Path] = [program, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
        command += ["--latency", "-s", script, url]
        before = sum(map(processor_seconds, processes))
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={"BODIES": str(lines), "FIRST": str(first)},
            timeout=seconds + 60,
        )
        used = sum(map(processor_seconds, processes)) - before
    found = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or found is None:
        raise SystemExit(f"wrk failed ({done.returncode}):\n{done.stdout}\n{done.stderr}")
    result = json.loads(found.group(1))
    if result["failed"] or result["statuses"] or not result["requests"]:
        raise SystemExit(f"{url} did not answer every request: {result}")
    return Load(
        result["requests"] / result["microseconds"] * 1e6,
        result["p50"] / 1e6,
        result["p99"] / 1e6,
        result["most"] / 1e6,
        used / result["requests"],
    )


def processor_seconds(process: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory(process: int) -> float:
    """The proportional share of memory that a process has, in MB: what it shares with others counts in part."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE).group(1)) / 1024  # type: ignore[union-attr]
