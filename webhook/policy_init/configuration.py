"""The text of `lockgate.yaml` for a repository."""

import os
from collections.abc import Sequence
from typing import Final

from lockgate.engine.documents.document import DocumentError
from lockgate.webhook.install.yaml_text import Yaml, render_yaml
from lockgate.webhook.policy_init.plan import Plan

# More are left in, and their errors tell of them: `lockgate.yaml` is to be read by people.
MOST_LEFT_OUT: Final = 1_000
_SPECIAL: Final = frozenset("\\*?[]")


def render_configuration(plan: Plan, policies: str, excludes: Sequence[str], excluded: Sequence[str]) -> str:
    """The configuration. policies: the folder of constraints. excludes: patterns that somebody named; excluded: of what cannot be judged as it is."""
    parts = [
        "# What `lockgate check` judges in this repository, and by which policies; written by `lockgate policy init`.\n",
        render_yaml({"policies": [policies]}),
        render_yaml({"paths": ["."]}),
        "# What judges is not judged.\n",
        render_yaml({"excludes": [f"/{escaped(policies)}/", *excludes]}),
    ]
    if excluded:
        parts.append(
            "# Cannot be judged as it is: render it and pipe it to `lockgate check -`, or mend it.\n"
        )
        parts += [render_yaml([pattern]) for pattern in excluded]
    if plan.folders:
        parts.append("# The namespaces that kustomizations give.\n")
        parts.append(render_yaml({"folders": _folders(plan)}))
    elif len(plan.environments) == 1:
        parts.append(render_yaml({"folders": _folders(plan)}))
    if len(plan.environments) > 1:
        parts.append("# By the names of folders, the lowest first.\n")
        parts.append(render_yaml({"environments": _environments(plan)}))
    return "".join(parts)


def _folders(plan: Plan) -> list[Yaml]:
    made: list[Yaml] = [{"path": path, "namespace": namespace} for path, namespace in plan.folders.items()]
    if len(plan.environments) == 1:
        (only,) = plan.environments
        made += [
            {"path": path, "environment": only.name} for path in only.folders if path not in plan.folders
        ]
    return made


def _environments(plan: Plan) -> list[Yaml]:
    made: list[Yaml] = []
    for one in plan.environments:
        entry: dict[str, Yaml] = {"name": one.name}
        if one.paths:
            entry["paths"] = list(one.paths)
        if one.overlays:
            entry["overlays"] = list(one.overlays)
        made.append(entry)
    return made


def exclusions_for(unjudged: Sequence[DocumentError]) -> list[str]:
    """Patterns that leave out what cannot be judged: files, and the templates of a chart as a whole."""
    files: dict[str, set[str]] = {}
    charts: set[str] = set()
    for one in unjudged:
        folder, name = os.path.split(one.file)
        parts = folder.split("/")
        if one.unrendered and "templates" in parts:
            charts.add("/".join(parts[: parts.index("templates") + 1]))
        else:
            files.setdefault(folder, set()).add(name)
    made = [f"/{escaped(chart)}/" for chart in charts]
    for folder, names in files.items():
        if any(folder == chart or folder.startswith(f"{chart}/") for chart in charts):
            continue
        place = f"/{escaped(folder)}" if folder else ""
        made += [f"{place}/{escaped(name)}" for name in names]
    return sorted(made)[:MOST_LEFT_OUT]


def escaped(path: str) -> str:
    """A path as a pattern of ignore files that fits it alone; what cannot be written stands for any character."""
    text = "".join([f"\\{one}" if one in _SPECIAL else one if _is_written(one) else "?" for one in path])
    return f"{text[:-1]}\\ " if text.endswith(" ") else text


def _is_written(character: str) -> bool:
    return character.isprintable() and not 0xD800 <= ord(character) <= 0xDFFF
