"""Gatekeeper's running webhook with the shared library, each template by the faster of its engines."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.gator import bench
from tests.bench.library import Sample, read
from tests.e2e.cluster import running_cluster
from tests.e2e.gatekeeper import Gatekeeper, running_gatekeeper

Json = dict[str, Any]

ITERATIONS = 200
CEL = "K8sNativeValidation"
OPTIONS: tuple[str, ...] = ()


def plain(path: Path) -> list[Json]:
    """The objects of a file as plain JSON."""
    from lockgate.engine.codegen.values import render_json

    return [json.loads(render_json(document.value)) for document in read(path)]


def faster_template(sample: Sample, gator: Path) -> tuple[Json, str]:
    """The template with the faster of its engines alone, and that engine's name.

    By gator bench, over the objects that the constraint matches; with one engine there is nothing to measure.
    """
    template = plain(sample.template)[0]
    target = template["spec"]["targets"][0]
    engines = [one["engine"] for one in target.get("code", ())]
    if CEL not in engines:
        return template, "Rego"
    has_rego = "Rego" in engines or target.get("rego")
    documents = [one for one in sample.objects if sample.matches(one)]
    if has_rego and documents:
        paths = [sample.template, sample.constraint]
        times = {}
        for engine in ("rego", "cel"):
            found = [bench(gator, paths, documents, ITERATIONS, engine) for _ in range(3)]
            times[engine] = median([one.mean for one in found if one is not None] or [float("inf")])
        chosen = "Rego" if times["rego"] <= times["cel"] else CEL
    else:
        chosen = CEL
    return _only(template, chosen), chosen


def _only(template: Json, engine: str) -> Json:
    made = deepcopy(template)
    target = made["spec"]["targets"][0]
    code = [one for one in target["code"] if one["engine"] == engine]
    if engine == CEL:
        for name in ("rego", "libs"):
            target.pop(name, None)
    if code:
        target["code"] = code
    else:
        target.pop("code")
    return made


@dataclass(frozen=True, slots=True)
class Peer:
    """The webhook, what is in force, and the templates that it evaluates by CEL."""

    webhook: Gatekeeper
    templates: tuple[Json, ...]
    constraints: tuple[Json, ...]
    with_cel: tuple[str, ...]


@contextmanager
def running_peer(samples: Sequence[Sample], gator: Path) -> Iterator[Peer]:
    """The webhook under the library's templates and constraints."""
    chosen = {sample.name: faster_template(sample, gator) for sample in samples}
    templates = tuple([template for template, _ in chosen.values()])
    constraints = tuple([one for sample in samples for one in plain(sample.constraint)])
    with running_cluster() as cluster, running_gatekeeper(cluster, OPTIONS) as webhook:
        webhook.load(templates, constraints)
        with_cel = tuple(sorted([name for name, (_, engine) in chosen.items() if engine == CEL]))
        yield Peer(webhook, templates, constraints, with_cel)
