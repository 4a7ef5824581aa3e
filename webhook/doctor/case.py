"""What a check is given, and what several checks have in common."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lockgate.engine.record import record
from lockgate.webhook.doctor.facts import ClusterFacts, Json, Seen
from lockgate.webhook.doctor.finding import Finding
from lockgate.webhook.install.options import render_options
from lockgate.webhook.install.settings import InstallSettings


@record
class Case:
    """What the checks are given: the facts, what the installation says that it is, and the time (Unix)."""

    facts: ClusterFacts
    settings: InstallSettings
    now_ns: int

    @property
    def again(self) -> str:
        """The command that puts things in place again."""
        beside = "" if self.settings.beside_gatekeeper else " --with-gatekeeper-crds"
        return f"lockgate install {render_options(self.settings)}{beside} | kubectl apply -f -"

    @property
    def workload(self) -> str:
        """How the Deployment is called."""
        return f"Deployment {self.settings.namespace}/lockgate"


Check = Callable[[Case], Iterator[Finding]]


def annotation(value: Json, name: str) -> str:
    """An annotation of an object; empty where there is none."""
    found = ((value.get("metadata") or {}).get("annotations") or {}).get(name)
    return found if isinstance(found, str) else ""


def unseen(seen: Seen, check: str, where: str) -> Iterator[Finding]:
    """That something could not be looked at."""
    if seen.refused:
        message = f"it cannot be looked at: {seen.refused}"
        yield Finding("unknown", check, where, message, "run doctor as somebody who may read it")


def server_arguments(deployment: Json) -> list[str]:
    """The arguments of the server's container."""
    spec: Mapping[str, Any] = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    for container in spec.get("containers") or ():
        if container.get("name") == "server":
            return [one for one in container.get("args") or () if isinstance(one, str)]
    return []
