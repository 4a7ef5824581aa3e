"""The library finds in workloads what an extraction of its own finds (`extraction.py`), over public manifests and rows of the table.

What it finds beyond that has an explanation in `MORE`; what it does not find has none.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value, parse_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source

from tests.policies.extraction import KNOWN, Found, What, name_of, objects_in, of_object
from tests.policies.shipped import POLICIES
from tests.shared_folder import shared_path

NOW_NS = 1_767_225_600_000_000_000
LIBRARY = (
    "images",
    "kubeflow_pipelines",
    "models",
    "review",
    "settings",
    "texts",
    "used_images",
    "workloads",
)
PODS = "data.lib.lockgate.workloads.pod_paths"
TEXTS = "data.lib.lockgate.texts.pods"
IMAGES = "data.lib.lockgate.used_images.references"
MODELS = "data.lib.lockgate.models.references"
# What the library finds and the table of APIs does not have, by what and kind, with the reason.
MORE: dict[tuple[What, str], str] = {
    ("image", "HelmValues"): "values are searched whole for containers, which charts copy into pods",
    ("model", "ray.io/RayService"): "what an application loads by its arguments has no field: names tell it",
    ("model", "serving.kserve.io/InferenceService"): "explainers that earlier versions had (alibi, art)",
}
# Rows of which there is no public manifest among those read.
ROWS = list(yaml.safe_load_all((Path(__file__).parent / "extraction_rows.yaml").read_text("utf-8")))

Library = Callable[[dict[str, Any]], set[Found]]


@pytest.fixture(scope="module")
def library() -> Library:
    """What the library finds in an object."""
    paths = [POLICIES.root / "lib" / f"{name}.rego" for name in LIBRARY]
    modules = [parse_module(Source(path.read_text("utf-8"), path.name, "v1")) for path in paths]
    made = compile_program(modules, entrypoints=[PODS, TEXTS, IMAGES, MODELS], capabilities=Capabilities())
    program = made.prepare()

    def ask(name: str, value: Value) -> list[Any]:
        found = program.evaluate(name, input={"review": {"object": value}}, now_ns=NOW_NS, limits=Limits())
        assert isinstance(found, list)
        return found

    def find(given: dict[str, Any]) -> set[Found]:
        value = parse_json(json.dumps(given))
        return {
            *[Found("pod", tuple(path)) for path in ask(PODS, value)],
            *[Found("pod", tuple(one["path"])) for one in ask(TEXTS, value)],
            *[Found("image", tuple(one["path"]), str(one["text"])) for one in ask(IMAGES, value)],
            # What arguments and variables name, servers decide and not the API.
            *[
                Found("model", tuple(one["path"]), str(one["text"]))
                for one in ask(MODELS, value)
                if one["how"] in ("field", "text")
            ],
        }

    return find


@pytest.mark.parametrize("value", ROWS, ids=name_of)
def test_rows_of_the_table(library: Library, value: dict[str, Any]) -> None:
    mine = set(of_object((), value))
    assert mine
    assert library(value) == mine


def compare(library: Library, folder: Path) -> tuple[int, list[str], set[tuple[What, str]]]:
    """How much both find in a folder, what only one of them does, and what of that is explained."""
    both, unexplained, explained = 0, [], set()
    for file, number, value in objects_in(folder):
        name = name_of(value)
        mine, theirs = set(of_object((), value)), library(value)
        both += len(mine & theirs)
        unexplained += [f"{file}#{number}: the library lacks {one}" for one in mine - theirs]
        for one in theirs - mine if name in KNOWN else ():
            if (one.what, name) in MORE:
                explained.add((one.what, name))
            else:
                unexplained.append(f"{file}#{number}: the library has {one}")
    return both, unexplained, explained


@pytest.mark.slow
def test_public_manifests(library: Library) -> None:
    corpus = shared_path("corpus")
    told = [compare(library, corpus / name) for name in ("systems", "dra")]
    assert [line for _, lines, _ in told for line in lines] == []
    assert sum(both for both, _, _ in told) > 2_500
    # An explanation that nothing needs is one that hides the next difference.
    assert set().union(*[explained for _, _, explained in told]) == set(MORE)
