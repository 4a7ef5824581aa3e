"""Input that a tool has still to render: Helm and other templates, and placeholders for envsubst.

Kubernetes objects hold template text for good reasons (Argo's `{{inputs.parameters.x}}`, Katib's `${trialParameters.x}`,
alert annotations, files in ConfigMaps). So text is taken for unrendered only when it does not parse and contains template
actions, or when an object's identity, an image or a number is a placeholder, where no controller would replace it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Path
from lockgate.engine.record import record

_HELM: Final = "render it first: helm template CHART | lockgate check -"
_JINJA: Final = "render the Jinja template first, and check the result"
_YTT: Final = "render it first: ytt -f FOLDER | lockgate check -"
_ENVSUBST: Final = "fill the variables in first: envsubst < FILE | lockgate check -"
_ERB: Final = "render the template first, and check the result"
_ANY: Final = "render it first, for a Helm chart with: helm template CHART | lockgate check -"

# By the end of the file's name: what it is, and what to run.
_BY_SUFFIX: Final = (
    (".jsonnet", "a Jsonnet program", "evaluate it first: jsonnet FILE | lockgate check -"),
    (
        ".libsonnet",
        "a Jsonnet library",
        "evaluate the program that imports it: jsonnet FILE | lockgate check -",
    ),
    (".cue", "a CUE file", "export it first: cue export FILE | lockgate check -"),
    (".tpl", "a Helm template", _HELM),
    (".gotmpl", "a Go template", _ANY),
    (".tmpl", "a template", _ANY),
    (".j2", "a Jinja template", _JINJA),
    (".jinja", "a Jinja template", _JINJA),
    (".jinja2", "a Jinja template", _JINJA),
    (".erb", "an ERB template", _ERB),
)
# Lengths are bounded so that no text costs quadratic time.
_BRACED: Final = re.compile(r"\$\{[A-Za-z_]\w{0,100}(?::?[-=?+][^}\n]{0,200})?\}")
# In a text that does not parse. The first that is found names the tool.
_BY_TEXT: Final = (
    (re.compile(r"\{%[-+ ]|\{#\s"), "a Jinja template", _JINJA),
    (re.compile(r"^[ \t]*#@ |: #@ ", re.MULTILINE), "a ytt template", _YTT),
    (re.compile(r"<%[-=# ]"), "a template", _ERB),
    (
        re.compile(
            r"\{\{-?\s*(?:/\*|\$?\.[A-Za-z]|\.\s|\$|(?:if|else|end|range|with|include|template|define|block|toYaml|tpl"
            r"|default|required|printf|quote|lookup|fail)\b)|\{\{-|-\}\}"
        ),
        "a Helm template",
        _HELM,
    ),
    (re.compile(r"\{\{"), "a template", _ANY),
    (_BRACED, "a file with variables for envsubst", _ENVSUBST),
)
_YTT_LINE: Final = re.compile(r"^[ \t]*#@[ a-z]|: #@ ", re.MULTILINE)
_ACTIONS: Final = (("{{", "}}"), ("{%", "%}"), ("<%", "%>"))
# A variable without a dot: `${trialParameters.x}` and `$(params.x)` belong to controllers.
_VARIABLE: Final = re.compile(
    _BRACED.pattern + r"|\$\([A-Z_][A-Z0-9_]{0,100}\)|^\$[A-Z_][A-Z0-9_]{0,100}$", re.MULTILINE
)
# Keys whose value is a number for every kind that has them.
_NUMBERS: Final = frozenset(
    (
        "replicas",
        "minReplicas",
        "maxReplicas",
        "parallelism",
        "completions",
        "backoffLimit",
        "activeDeadlineSeconds",
        "containerPort",
        "hostPort",
        "nodePort",
        "terminationGracePeriodSeconds",
        "revisionHistoryLimit",
        "progressDeadlineSeconds",
        "runAsUser",
        "runAsGroup",
        "fsGroup",
        "ttlSecondsAfterFinished",
        "initialDelaySeconds",
        "periodSeconds",
        "timeoutSeconds",
        "failureThreshold",
    )
)
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")


@record
class Unrendered:
    """What the input is taken for, and the tool to run. `path` is the value that shows it, None for the whole text."""

    what: str
    hint: str
    path: Path | None = None


def of_file_name(file: str) -> Unrendered | None:
    """What a file's name says that it is a program or template of."""
    lowered = file.lower()
    for suffix, what, hint in _BY_SUFFIX:
        if lowered.endswith(suffix):
            return Unrendered(what, hint)
    return None


def of_broken_text(text: str, file: str) -> Unrendered | None:
    """What a text that does not parse is a template of, if it looks like one."""
    if named := of_file_name(file):
        return named
    for pattern, what, hint in _BY_TEXT:
        if pattern.search(text):
            return Unrendered(what, hint)
    return None


def _has_action(text: str) -> bool:
    for opening, closing in _ACTIONS:
        start = text.find(opening)
        if start >= 0 and text.find(closing, start) >= 0:
            return True
    return False


def _placeholder(text: str, path: Path) -> Unrendered | None:
    if _has_action(text):
        return Unrendered("a template", _ANY, path)
    return (
        Unrendered("a file with variables for envsubst", _ENVSUBST, path) if _VARIABLE.search(text) else None
    )


def _identity(value: Mapping[str, Value]) -> Iterator[tuple[str, Path]]:
    for name in ("apiVersion", "kind"):
        text = value.get(name)
        if type(text) is str:
            yield text, (name,)
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        for name in ("name", "generateName", "namespace"):
            text = metadata.get(name)
            if type(text) is str:
                yield text, ("metadata", name)


def _may_be_typed(value: Value) -> bool:
    """May `_typed` find a variable? Nearly always not, which is told sooner without paths."""
    waiting: list[Any] = [value]
    for found in waiting:
        if type(found) is dict:
            for name, item in found.items():
                if type(item) is str:
                    if "$" in item and (name == "image" or name in _NUMBERS):
                        return True
                elif type(item) is dict or type(item) is list:
                    waiting.append(item)
        else:
            waiting += [item for item in found if type(item) is dict or type(item) is list]
    return False


def _typed(value: Value) -> Iterator[tuple[str, Path]]:
    """Strings at places that want a number, and images of containers, anywhere in an object."""
    waiting: list[tuple[Value, Path]] = [(value, ())]
    while waiting:
        found, at = waiting.pop()
        if type(found) is dict:
            for name, item in found.items():
                if type(item) is str:
                    image = name == "image" and len(at) > 1 and at[-2] in _CONTAINERS
                    if image or name in _NUMBERS:
                        yield item, (*at, name)
                elif type(item) in (dict, list):
                    waiting.append((item, (*at, name)))
        elif type(found) is list:
            waiting.extend([(item, (*at, i)) for i, item in enumerate(found) if type(item) in (dict, list)])


@record
class Marks:
    """What a text that parses has in it of templates, looked for once for all objects of the text."""

    ytt: bool
    actions: bool
    variables: bool


def marks_of(text: str) -> Marks:
    """What may have to be rendered in a text."""
    return Marks(
        ytt="#@" in text and _YTT_LINE.search(text) is not None,
        actions="{{" in text or "{%" in text or "<%" in text,
        # A variable alone on a line of its value is told from others by its value only.
        variables="$" in text,
    )


def of_object(value: Mapping[str, Value], marks: Marks) -> Unrendered | None:
    """What an object with apiVersion and kind is a template of. `marks` are those of the text that it was read from."""
    if marks.ytt:
        return Unrendered("a ytt template", _YTT)
    if not (marks.actions or marks.variables):
        return None
    for found, path in _identity(value):
        if unrendered := _placeholder(found, path):
            return unrendered
    if not marks.variables or not _may_be_typed(dict(value)):
        return None
    # Templates inside an object (of trials, workflows, pods) are the controller's to fill in: there only variables
    # without a dot, which no controller of ours knows, are taken for envsubst's.
    places = [path for found, path in _typed(dict(value)) if _VARIABLE.search(found)]
    if not places:
        return None
    return Unrendered(
        "a file with variables for envsubst", _ENVSUBST, min(places, key=lambda path: [str(p) for p in path])
    )
