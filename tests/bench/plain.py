"""Plain Rego beside `opa bench`: string matching, deep iteration and set comprehensions."""

import gc
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean, median

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Undefined, Value, render_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source

ENTRY = "data.bench.found"
ROUNDS = 60
WARM_UP = 5

_STRINGS = """package bench

found contains message if {
    some image in input.images
    not trusted(image)
    message := sprintf("image %v comes from no trusted registry", [image])
}

found contains message if {
    some image in input.images
    regex.match(`:(latest|dev|[0-9a-f]{40})$`, image)
    message := sprintf("tag %v of %v moves", [split(image, ":")[1], lower(image)])
}

found contains message if {
    some name in input.names
    not startswith(name, "team-")
    contains(name, "prod")
    message := concat(" ", ["name", trim_suffix(name, "-svc"), "has no team"])
}

trusted(image) if {
    some registry in {"registry.example.com/", "mirror.example.com/", "ghcr.io/example/"}
    startswith(image, registry)
}
"""

_ITERATION = """package bench

found contains message if {
    some object in input.objects
    some kind in ["containers", "initContainers"]
    some container in object.spec.template.spec[kind]
    some variable in container.env
    regex.match("(?i)password|token", variable.name)
    variable.value != ""
    message := sprintf("%v/%v: %v is in plain sight", [object.metadata.name, container.name, variable.name])
}

found contains message if {
    some object in input.objects
    some container in object.spec.template.spec.containers
    some port in container.ports
    port.hostPort < 1024
    message := sprintf("%v: port %v", [object.metadata.name, port.hostPort])
}

found contains message if {
    some object in input.objects
    every container in object.spec.template.spec.containers {
        container.resources.limits.cpu > 3
    }
    message := sprintf("%v takes much", [object.metadata.name])
}
"""

_SETS = """package bench

required := {"app", "team", "stage"}

found contains message if {
    some object in input.objects
    given := {name | some name, _ in object.labels}
    missing := required - given
    count(missing) > 0
    message := sprintf("%v lacks %v", [object.name, concat(", ", sort(missing))])
}

found contains message if {
    teams := {team | some object in input.objects; team := object.labels.team}
    unknown := teams - {team | some team in input.teams}
    some team in unknown
    message := sprintf("%v is no team", [team])
}

found contains message if {
    stages := {team: names |
        some object in input.objects
        team := object.labels.team
        names := {other.labels.stage | some other in input.objects; other.labels.team == team; other.labels.stage}
    }
    some team, names in stages
    count(names & {"prod", "dev"}) == 2
    message := sprintf("%v has both", [team])
}
"""


def _images(number: int) -> Value:
    registries = ("registry.example.com/", "docker.io/", "ghcr.io/example/", "quay.io/", "")
    tags = ("1.2.3", "latest", f"v{number}", "0123456789abcdef0123456789abcdef01234567")
    return {
        "images": [f"{registries[i % 5]}app-{number}-{i}:{tags[i % 4]}" for i in range(40)],
        "names": [f"{('team', 'prod', 'a-prod')[i % 3]}-{number}-{i}-svc" for i in range(40)],
    }


def _deep(number: int) -> Value:
    def container(i: int, j: int) -> Value:
        return {
            "name": f"c{number}-{j}",
            "env": [
                {"name": ("HOME", "PASSWORD", "LANG", "PATH")[k % 4], "value": f"v{i % 3}"} for k in range(8)
            ],
            "ports": [{"hostPort": 1000 + 17 * i % 60}, {"containerPort": 8080}],
            "resources": {"limits": {"cpu": 1 + (i + j) % 5}},
        }

    return {
        "objects": [
            {
                "metadata": {"name": f"d{number}-{i}"},
                "spec": {
                    "template": {
                        "spec": {
                            "containers": [container(i, j) for j in range(3)],
                            "initContainers": [container(i, 3)],
                        }
                    }
                },
            }
            for i in range(50)
        ]
    }


def _labelled(number: int) -> Value:
    def labels(i: int) -> Value:
        found: dict[str, Value] = {
            "app": f"a{i}",
            "team": f"t{number}-{i % 9}",
            "stage": ("prod", "dev")[i % 2],
        }
        if i % 4 == 0:
            del found["stage"]
        return found

    return {
        "objects": [{"name": f"o{number}-{i}", "labels": labels(i)} for i in range(60)],
        "teams": [f"t{number}-{i}" for i in range(6)],
    }


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy and its inputs, which differ from round to round."""

    name: str
    text: str
    make_input: Callable[[int], Value]


POLICIES = (
    Policy("string matching", _STRINGS, _images),
    Policy("deep iteration", _ITERATION, _deep),
    Policy("set comprehension", _SETS, _labelled),
)


@dataclass(frozen=True, slots=True)
class Row:
    """Seconds an evaluation: our median, and opa's ns/op."""

    name: str
    ours: float
    opa: float


def measure(policy: Policy, opa: Path) -> Row:
    """Ours on inputs that all differ, opa's on the first; what they find in that must agree."""
    module = parse_module(Source(policy.text, "bench.rego", "v1"))
    program = compile_program([module], entrypoints=[ENTRY], capabilities=Capabilities())
    prepared = program.prepare()
    limits = Limits()
    given: list[Value] = [
        json.loads(json.dumps(policy.make_input(number))) for number in range(ROUNDS + WARM_UP)
    ]
    found: list[Value | Undefined] = []
    times: list[float] = []
    clock = time.perf_counter
    gc.collect()
    gc.freeze()
    for value in given:
        before = clock()
        found.append(prepared.evaluate(ENTRY, input=value, now_ns=0, limits=limits))
        times.append(clock() - before)
    gc.unfreeze()
    assert not isinstance(found[0], Undefined)
    peer = _opa(policy, given[0], json.loads(render_json(found[0])), opa)
    return Row(policy.name, median(times[WARM_UP:]), peer)


def _opa(policy: Policy, given: Value, expected: object, opa: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        module, document = Path(folder) / "bench.rego", Path(folder) / "input.json"
        module.write_text(policy.text)
        document.write_text(json.dumps(given))
        options: list[str | Path] = ["-d", module, "-i", document, ENTRY, "--format", "json"]
        shown = json.loads(_run([opa, "eval", *options]))["result"][0]["expressions"][0]["value"]
        if shown != expected:
            raise SystemExit(f"{policy.name}: opa finds {shown}, and we {expected}")
        report = json.loads(_run([opa, "bench", *options]))
    return float(report["T"]) / float(report["N"]) / 1e9


def _run(command: list[str | Path]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def print_section(opa: Path) -> None:
    """A line a policy."""
    print(f"Plain Rego beside `opa bench`, µs an evaluation over {ROUNDS} inputs")
    print(f"{'policy':34}{'ours':>10}{'opa':>10}{'ratio':>8}")
    ratios: list[float] = []
    for policy in POLICIES:
        row = measure(policy, opa)
        ratios.append(row.opa / row.ours)
        print(f"{row.name:34}{row.ours * 1e6:>10.1f}{row.opa * 1e6:>10.1f}{ratios[-1]:>8.1f}")
    print(f"lowest ratio {min(ratios):.1f}, geometric mean {geometric_mean(ratios):.1f}\n")
