"""Judges the items of a ResourceList, each as `check` judges a file with that object in it.

Nothing is read from the places that items name, and none of them is taken for a kustomization's patch: what a package brings
may be applied whatever it says of itself.
"""

import os
from contextlib import ExitStack
from typing import Final

from lockgate.engine.codegen.values import render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import UsageError
from lockgate.gatekeeper.constraint import is_constraint
from lockgate.gatekeeper.template import is_template
from lockgate.webhook.check import run_check
from lockgate.webhook.config import Config
from lockgate.webhook.deciding import Deciding
from lockgate.webhook.first_pass import Learned, Request
from lockgate.webhook.inputs import Content, Inputs
from lockgate.webhook.inventory_options import ExternalRequest, GateMaker
from lockgate.webhook.judging import Findings
from lockgate.webhook.krm.function_config import FunctionConfig
from lockgate.webhook.krm.resource_list import ResourceList
from lockgate.webhook.policy_sources import SHIPPED, LoadedPolicies, Loader
from lockgate.webhook.progress import Progress
from lockgate.webhook.report import Report
from lockgate.webhook.tree import TreeFacts, make_view
from lockgate.webhook.walk import InputFile, Walk, is_inside, too_large

_BEGIN: Final = "items["


def name_of(index: int) -> str:
    """What an item is called in a report, as a file is."""
    return f"{_BEGIN}{index}]"


def number_of(name: str) -> int | None:
    """The item that a report calls so."""
    number = name.removeprefix(_BEGIN).removesuffix("]")
    return int(number) if name.startswith(_BEGIN) and number.isdigit() else None


def judge_items(
    given: ResourceList,
    wanted: FunctionConfig,
    policies: tuple[str, ...],
    loader: Loader,
    cwd: str,
    now_ns: int,
) -> Report:
    """What policies say of the items. policies: paths that the command line names. Raises UsageError and PolicyErrors."""
    data = [render_json(item).encode("utf-8", "surrogatepass") for item in given.items]
    settings = Config(os.path.realpath(cwd))
    deciding = _deciding(_load(given, wanted, policies, loader, cwd), settings)
    files = tuple([InputFile(name_of(index), name_of(index)) for index in range(len(data))])
    kept: dict[str, Content] = {}
    facts = TreeFacts()
    for file, one in zip(files, data, strict=True):
        kept[file.path] = Content(file, settings.root, too_large(file.shown, len(one)) or one)
        reading = read_documents(one, file.shown, duplicates="error")
        facts.add(document.value for document in reading.documents)
    request = Request(wanted.namespace)
    view = make_view(facts, settings, request.namespace, request.complete)
    walk = Walk(files, (), (), 0)
    inputs = Inputs((), cwd, (), None, settings)
    with ExitStack() as stack:
        maker = GateMaker((), (), walk, now_ns, ExternalRequest(), stack)
        gate, remarks = maker.make(deciding, inputs, view, None)
        return run_check(
            inputs,
            walk,
            gate,
            deciding.loaded.not_configured,
            request,
            Learned(view, None, kept),
            Findings(gate, notices=[*deciding.loaded.notices, *remarks]),
            Progress(len(files), None),
        )


def _deciding(loaded: LoadedPolicies, settings: Config) -> Deciding:
    if loaded.judges != "objects":
        raise UsageError("plain Rego is about files, and a ResourceList has objects", hint="use constraints")
    if not loaded.about_exemptions:
        return Deciding(settings, loaded, None)
    from lockgate.gatekeeper.exemptions.resolver import load_exemptions

    return Deciding(settings, loaded, load_exemptions(loaded.about_exemptions))


def _load(
    given: ResourceList, wanted: FunctionConfig, policies: tuple[str, ...], loader: Loader, cwd: str
) -> LoadedPolicies:
    """The policies of the command line, with those that the functionConfig adds; without any, the baseline's."""
    paths = [*policies, *[_below(path, cwd) for path in wanted.policies]]
    if wanted.profile:
        paths.append(os.path.join(SHIPPED, "profiles", f"{wanted.profile}.yaml"))
    brought = _brought(given) if wanted.in_items else []
    if wanted.in_items and not any(is_constraint(one.value) for one in brought):
        raise UsageError("policiesInItems, and no item is a constraint")
    if not (paths or brought) or (wanted.profile == "baseline" and len(paths) == 1 and not brought):
        return loader.baseline()
    return loader.given(paths, cwd, brought)


def _below(path: str, cwd: str) -> str:
    """A path that a package names: it lies in the working folder, also once its links are followed."""
    place = os.path.realpath(os.path.join(cwd, path))
    if os.path.isabs(path) or not is_inside(place, os.path.realpath(cwd)):
        raise UsageError(
            f"the functionConfig's policies are below the working folder, and {path[:80]!r} is not",
            hint="name other places with -p",
        )
    return place


def _brought(given: ResourceList) -> list[Document]:
    """The templates and constraints among the items. No exemption counts that comes with what is judged."""
    found: list[Document] = []
    for index, item in enumerate(given.items):
        if is_template(item) or is_constraint(item):
            data = render_json(item).encode("utf-8", "surrogatepass")
            found += read_documents(data, name_of(index), duplicates="error").documents
    return found
