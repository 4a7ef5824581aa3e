"""Reads `lockgate.yaml` strictly: an unknown key or a wrong value is an error with its line and column.

Written by hand rather than with pydantic, whose import alone takes longer than a whole check. The JSON Schema of the
same file is `schemas/lockgate.schema.json`.
"""

import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final, get_args

import yaml
from lockgate.engine.errors import Location, UsageError, os_reason
from lockgate.engine.gvk import GroupVersionKind, parse_gvk
from lockgate.engine.record import record
from lockgate.gatekeeper.labels import is_subdomain
from lockgate.webhook.config import (
    FILE_NAME,
    Config,
    EnvironmentSettings,
    FolderSettings,
    InventoryRequest,
    is_namespace_name,
)
from lockgate.webhook.inventory_request import CLUSTER, TREE
from lockgate.webhook.report import FailOn
from lockgate.webhook.walk import is_inside

# A configuration of a thousand folders takes 60 KB.
MAX_CONFIG_BYTES: Final = 256 * 1024
# As a PromotionPolicy may have.
MAX_ENVIRONMENTS: Final = 50
# Of folders, clusters or namespaces of an environment: each is compared with each folder.
MAX_PATTERNS: Final = 500
# Names in the path of a folder.
MAX_PARTS: Final = 40


@record
class _Reader:
    """Reads YAML nodes strictly, and says where one is wrong."""

    file: str
    lines: list[str]
    root: str

    def error(self, node: yaml.Node, message: str, hint: str = "") -> UsageError:
        mark = node.start_mark
        quoted = self.lines[mark.line] if mark.line < len(self.lines) else ""
        location = Location(self.file, mark.line + 1, mark.column + 1)
        return UsageError(message, location=location, hint=hint, quoted=quoted)

    def text(self, node: yaml.Node, name: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag not in _TEXT_TAGS or not node.value:
            raise self.error(node, f"{name} must be a string", "quote it if it looks like a number")
        return str(node.value)

    def texts(self, node: yaml.Node, name: str) -> tuple[str, ...]:
        return tuple([self.text(item, f"an entry of {name}") for item in self.items(node, name)])

    def items(self, node: yaml.Node, name: str) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, f"{name} must be a list")
        return list(node.value)

    def mapping(
        self, node: yaml.Node, name: str, known: Mapping[str, Callable[[yaml.Node], Any]] | None
    ) -> dict[str, Any]:
        """Reads a mapping with the readers of its keys; any key with a string when `known` is None."""
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{name} must be a mapping")
        made: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.text(key_node, f"a key of {name}")
            if key in made:
                raise self.error(key_node, f"{key} is given twice in {name}")
            if known is None:
                made[key] = self.text(value_node, key)
            elif key in known:
                made[key] = known[key](value_node)
            else:
                raise self.error(key_node, f"unknown key {key} in {name}", _did_you_mean(key, list(known)))
        return made

    def path(self, node: yaml.Node, name: str) -> str:
        """A path inside of the root, normalised and relative to it; links count as what they point to."""
        text = self.text(node, name)
        absolute = os.path.normpath(os.path.join(self.root, text))
        if os.path.isabs(text) or not is_inside(os.path.realpath(absolute), self.root):
            raise self.error(
                node,
                f"{name} {text} lies outside of the repository",
                f"paths count from {self.root}; give others on the command line",
            )
        return os.path.relpath(absolute, self.root)

    def paths(self, node: yaml.Node, name: str) -> tuple[str, ...]:
        return tuple([self.path(item, f"an entry of {name}:") for item in self.items(node, name)])

    def folder(self, node: yaml.Node) -> FolderSettings:
        made = self.mapping(
            node,
            "an entry of folders",
            {
                "path": lambda item: self.path(item, "path"),
                "namespace": lambda item: self.namespace(item, "namespace"),
                "environment": lambda item: self.text(item, "environment"),
            },
        )
        if "path" not in made:
            raise self.error(node, "an entry of folders has no path")
        path = "" if made["path"] == "." else made["path"]
        return FolderSettings(path, made.get("namespace"), made.get("environment"))

    def namespace(self, node: yaml.Node, name: str) -> str:
        text = self.text(node, name)
        if not is_namespace_name(text):
            raise self.error(node, f"{text} is no name of a namespace", _NAMESPACE_HINT)
        return text

    def known_namespace(self, node: yaml.Node) -> tuple[str, tuple[tuple[str, str], ...]]:
        made = self.mapping(
            node,
            "an entry of namespaces",
            {
                "name": lambda item: self.namespace(item, "name"),
                "labels": lambda item: self.mapping(item, "labels", None),
            },
        )
        if "name" not in made:
            raise self.error(node, "an entry of namespaces has no name")
        return made["name"], tuple(sorted(made.get("labels", {}).items()))

    def environments(self, node: yaml.Node) -> tuple[EnvironmentSettings, ...]:
        """The environments in their order; each has a name of its own."""
        made: list[EnvironmentSettings] = []
        for item in self.items(node, "environments"):
            one = self.environment(item)
            if one.name in [other.name for other in made]:
                raise self.error(
                    item, f"environments has {one.name} twice", "name each once, the lowest first"
                )
            made.append(one)
        if not 2 <= len(made) <= MAX_ENVIRONMENTS:
            raise self.error(
                node, f"environments has {len(made)} entries", f"2 to {MAX_ENVIRONMENTS}, the lowest first"
            )
        return tuple(made)

    def environment(self, node: yaml.Node) -> EnvironmentSettings:
        made = self.mapping(
            node,
            "an entry of environments",
            {
                "name": self.environment_name,
                "paths": lambda item: self.patterns(item, "paths", self.folder_pattern),
                "overlays": lambda item: self.patterns(item, "overlays", self.folder_pattern),
                "clusters": lambda item: self.patterns(item, "clusters", self.text),
                "namespaces": lambda item: self.patterns(item, "namespaces", self.namespace_pattern),
            },
        )
        if "name" not in made:
            raise self.error(node, "an entry of environments has no name")
        return EnvironmentSettings(**made)

    def environment_name(self, node: yaml.Node) -> str:
        text = self.text(node, "name")
        if not is_subdomain(text):
            raise self.error(
                node, f"{text} is no name of an environment", "lower-case letters, digits, '-' and '.'"
            )
        return text

    def patterns(self, node: yaml.Node, name: str, read: Callable[[yaml.Node, str], str]) -> tuple[str, ...]:
        items = self.items(node, name)
        if len(items) > MAX_PATTERNS:
            raise self.error(node, f"{name} has {len(items)} entries, and may have {MAX_PATTERNS}")
        return tuple([read(item, f"an entry of {name}") for item in items])

    def folder_pattern(self, node: yaml.Node, name: str) -> str:
        """A folder or file from the root, `*` in its names and `**` among them; "" for the root."""
        text = self.text(node, name)
        parts = [part for part in text.split("/") if part not in ("", ".")]
        if text.startswith("/") or ".." in parts or len(parts) > MAX_PARTS:
            raise self.error(
                node, f"{name} {text} lies outside of the repository", f"paths count from {self.root}"
            )
        if any("**" in part and part != "**" for part in parts):
            raise self.error(node, f"{name} {text} has ** in a name", "** stands alone between two /")
        return "/".join(parts)

    def namespace_pattern(self, node: yaml.Node, name: str) -> str:
        text = self.text(node, name)
        if not text.strip("*") or not is_namespace_name(text.replace("*", "x")):
            raise self.error(node, f"{text} is no name of a namespace", f"{_NAMESPACE_HINT}, and * in it")
        return text

    def inventory(self, node: yaml.Node) -> InventoryRequest:
        """Sources are the tree itself and paths in it: a repository does not send its readers to a cluster."""
        made = self.mapping(
            node,
            "inventory",
            {
                "sources": lambda item: tuple([self.source(one) for one in self.items(item, "sources")]),
                "kinds": lambda item: tuple([self.kind(one) for one in self.items(item, "kinds")]),
            },
        )
        if not made.get("sources"):
            raise self.error(node, "inventory has no sources", f"`{TREE}`, or paths of snapshots")
        return InventoryRequest(made["sources"], made.get("kinds", ()))

    def source(self, node: yaml.Node) -> str:
        text = self.text(node, "an entry of sources")
        if text.partition(":")[0] == CLUSTER:
            raise self.error(node, "a configuration names no cluster", "use --inventory on the command line")
        return TREE if text == TREE else self.path(node, "an entry of sources")

    def kind(self, node: yaml.Node) -> GroupVersionKind:
        kind = parse_gvk(self.text(node, "an entry of kinds"))
        if kind is None:
            raise self.error(node, "an entry of kinds is no kind", "such as v1/Service or apps/v1/Deployment")
        return kind

    def fail_on(self, node: yaml.Node) -> frozenset[FailOn]:
        made: set[FailOn] = {"deny"}
        for item in self.items(node, "failOn"):
            text = self.text(item, "an entry of failOn")
            chosen: FailOn | None = next((one for one in get_args(FailOn) if one == text), None)
            if chosen is None:
                raise self.error(
                    item, f"failOn does not know {text}", f"it takes {', '.join(get_args(FailOn))}"
                )
            made.add(chosen)
        return frozenset(made)

    def version(self, node: yaml.Node) -> str:
        text = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        parts = text.removeprefix("v").split(".")
        if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() for part in parts):
            raise self.error(node, "clusterVersion must be a version of Kubernetes", 'such as "1.34"')
        return text.removeprefix("v")


_TEXT_TAGS: Final = frozenset({"tag:yaml.org,2002:str"})
_NAMESPACE_HINT: Final = "lower-case letters, digits and '-', at most 63"


def _did_you_mean(key: str, known: list[str]) -> str:
    import difflib  # Only for an error; importing it takes 2 ms.

    close = difflib.get_close_matches(key, known, 1, 0.6)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"


def parse_config(data: bytes, file: str, root: str) -> Config:
    """The configuration in a file's bytes. Raises UsageError with line and column when it is wrong."""
    if len(data) > MAX_CONFIG_BYTES:
        raise UsageError(f"{file} is larger than {MAX_CONFIG_BYTES // 1024} KiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8") from error
    lines = text.splitlines()
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        location = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file, 1, 1)
        quoted = lines[location.line - 1] if location.line <= len(lines) else ""
        raise UsageError(f"invalid YAML: {error.problem}", location=location, quoted=quoted) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{file} is no valid YAML") from error
    digest = sha256(data).hexdigest()
    if node is None:
        return Config(root, file, digest=digest)
    reader = _Reader(file, lines, root)
    made = reader.mapping(
        node,
        FILE_NAME,
        {
            "policies": lambda item: reader.paths(item, "policies"),
            "exemptions": lambda item: reader.paths(item, "exemptions"),
            "paths": lambda item: reader.paths(item, "paths"),
            "excludes": lambda item: reader.texts(item, "excludes"),
            "folders": lambda item: tuple([reader.folder(one) for one in reader.items(item, "folders")]),
            "namespaces": lambda item: tuple(
                [reader.known_namespace(one) for one in reader.items(item, "namespaces")]
            ),
            "clusterVersion": reader.version,
            "failOn": reader.fail_on,
            "inventory": reader.inventory,
            "environments": reader.environments,
        },
    )
    _refuse_unknown_environment(reader, node, made)
    return Config(
        root=root,
        file=file,
        policies=made.get("policies", ()),
        paths=made.get("paths", ()),
        excludes=made.get("excludes", ()),
        folders=made.get("folders", ()),
        namespaces=made.get("namespaces", ()),
        cluster_version=made.get("clusterVersion"),
        fail_on=made.get("failOn", frozenset({"deny"})),
        exemptions=made.get("exemptions", ()),
        digest=digest,
        inventory=made.get("inventory", InventoryRequest()),
        environments=made.get("environments", ()),
    )


def _refuse_unknown_environment(reader: _Reader, node: yaml.Node, made: Mapping[str, Any]) -> None:
    """Refuses a folder of an environment that is not listed, where they are."""
    names = [one.name for one in made.get("environments", ())]
    for folder in made.get("folders", ()):
        if names and folder.environment is not None and folder.environment not in names:
            raise reader.error(
                node,
                f"the folder {folder.path or '.'} is of the environment {folder.environment}, which environments does not list",
                f"one of {', '.join(names)}",
            )


def read_config(path: str, shown: str) -> Config:
    """The configuration in a file; its paths count from the file's folder and stay inside of it."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        reason = os_reason(error)
        raise UsageError(f"cannot read the configuration {shown}: {reason}") from error
    return parse_config(data, shown, os.path.dirname(os.path.realpath(path)))
