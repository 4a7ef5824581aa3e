"""The folder of rules: which rules there are, what each must hold, and what its METADATA and template say.

A rule is the folder `<family>/<rule>` with `src.rego` in it; helpers lie in `lib/`, profiles in `profiles/`. Metadata annotations are
OPA's: https://www.openpolicyagent.org/docs/policy-language#annotations
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from lockgate.engine.errors import Location, PolicyError, UsageError
from lockgate.webhook.systems import SYSTEMS

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
RESERVED = frozenset({"lib", "profiles"})
LIBRARY_NAME = re.compile(r"^package\s+(lib(?:\.\w+)+)\s*$", re.MULTILINE)
LIBRARY_USE = re.compile(r"\bdata\.(lib(?:\.\w+)+)")
REQUIRED_FILES = ("src.rego", "src_test.rego", "template.yaml", "suite.yaml", "README.md")
REQUIRED_METADATA = ("title", "description")
# What a helper is called that stands in templates in place of the one for all engines.
IN_TEMPLATES = ".gatekeeper"
REQUIRED_CUSTOM = ("id", "severity", "external", "controls")
SEVERITIES = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the METADATA block at the head of a rule says.

    controls: names of controls in outside standards. systems: slugs of `lockgate.webhook.systems`, sorted.
    """

    title: str
    description: str
    identifier: str
    severity: str
    external: bool
    controls: tuple[str, ...]
    systems: tuple[str, ...]
    references: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One case of a rule: a constraint and the objects that it allows and denies."""

    name: str
    constraint: Path
    allowed: tuple[Path, ...]
    denied: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a folder; `family/name` is its identity, and `lockgate.<family>.<name>` its package."""

    folder: Path
    family: str
    name: str

    @property
    def key(self) -> str:
        """What the rule is called: `family/name`."""
        return f"{self.family}/{self.name}"

    @property
    def package(self) -> str:
        """The Rego package of the rule."""
        return f"lockgate.{self.family}.{self.name}"

    @property
    def source(self) -> Path:
        """The file of the rule itself."""
        return self.folder / "src.rego"

    @property
    def template(self) -> Path:
        """The file of its ConstraintTemplate."""
        return self.folder / "template.yaml"

    @property
    def page(self) -> Path:
        """The file of its generated page."""
        return self.folder / "README.md"

    def samples(self) -> tuple[Sample, ...]:
        """The cases under `samples/`, by name."""
        root = self.folder / "samples"
        folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
        return tuple(
            Sample(
                folder.name,
                folder / "constraint.yaml",
                tuple(sorted(folder.glob("allowed*.yaml"))),
                tuple(sorted(folder.glob("denied*.yaml"))),
            )
            for folder in folders
        )


@dataclass(frozen=True, slots=True)
class PolicyFolder:
    """A folder laid out like the shipped `policies/`."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> "PolicyFolder":
        """The folder at `root`; raises UsageError when there is none."""
        if not root.is_dir():
            raise UsageError(f"{root} is no folder", hint="give the folder of policies with --folder")
        return cls(root)

    def rules(self) -> tuple[Rule, ...]:
        """Every rule, sorted by family and name."""
        found = (path.parent for path in self.root.glob("*/*/src.rego"))
        return tuple(
            Rule(folder, folder.parent.name, folder.name)
            for folder in sorted(found)
            if folder.parent.name not in RESERVED
        )

    def libraries(self) -> dict[str, str]:
        """Package to source of the helpers in `lib/`, as templates carry them; the entry for Conftest is none of them.

        Where there is a `.rego.gatekeeper` beside a helper, that is meant: Rego that only Gatekeeper and Lockgate compile.
        """
        paths = [*sorted(self.root.glob("lib/*.rego")), *sorted(self.root.glob(f"lib/*.rego{IN_TEMPLATES}"))]
        sources = [read_text(path) for path in paths]
        named = ((LIBRARY_NAME.search(source), source) for source in sources)
        return {found.group(1): source for found, source in named if found and not found[1].endswith("_test")}

    def problems(self) -> Iterator[str]:
        """What the folder lacks, one sentence each, starting with the rule's key."""
        owners: dict[str, str] = {}
        for rule in self.rules():
            yield from rule_problems(rule)
            identifier = read_metadata(rule.source).identifier
            owner = owners.setdefault(identifier, rule.key)
            if owner != rule.key:
                yield f"{rule.key}: its id {identifier} is that of {owner}"


def rule_problems(rule: Rule) -> Iterator[str]:
    """What one rule lacks."""
    for name in REQUIRED_FILES:
        if not (rule.folder / name).is_file():
            yield f"{rule.key}: {name} is missing"
    if not re.search(rf"^package {re.escape(rule.package)}$", read_text(rule.source), re.MULTILINE):
        yield f"{rule.key}: the package of src.rego is not {rule.package}"
    samples = rule.samples()
    for sample in samples:
        if not sample.constraint.is_file():
            yield f"{rule.key}: samples/{sample.name} has no constraint.yaml"
    if not any(sample.allowed for sample in samples):
        yield f"{rule.key}: no sample is allowed"
    if not any(sample.denied for sample in samples):
        yield f"{rule.key}: no sample is denied"


def read_text(path: Path) -> str:
    """The text of a file; raises PolicyError when it cannot be read as UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise PolicyError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path} is not UTF-8", hint="save the file as UTF-8") from error


def read_yaml(path: Path) -> Any:
    """The one document of a YAML file."""
    return parse_yaml(read_text(path), path, 1)


def parse_yaml(text: str, path: Path, first_line: int) -> Any:
    """The one document in `text`, which begins at `first_line` of `path`."""
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + first_line, mark.column + 1) if mark else (first_line, 1)
        raise PolicyError(
            f"not valid YAML: {error.problem}", location=Location(str(path), line, column)
        ) from error


def read_metadata(source: Path) -> Metadata:
    """The METADATA block at the head of a rule; raises PolicyError when something is missing from it."""
    lines = read_text(source).splitlines()
    where = Location(str(source), 1, 1)
    if not lines or lines[0].rstrip() != "# METADATA":
        raise PolicyError("the rule does not begin with `# METADATA`", location=where)
    block: list[str] = []
    for line in lines[1:]:
        if not line.startswith("#"):
            break
        block.append(line[1:].removeprefix(" "))
    value = parse_yaml("\n".join(block), source, 2)
    custom = value.get("custom") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(custom, dict):
        raise PolicyError("METADATA has no `custom` block", location=where)
    missing = [key for key in REQUIRED_METADATA if not value.get(key)]
    missing += [f"custom.{key}" for key in REQUIRED_CUSTOM if custom.get(key) is None]
    if missing:
        raise PolicyError(f"METADATA lacks {', '.join(missing)}", location=where)
    if custom["severity"] not in SEVERITIES:
        raise PolicyError(f"severity is none of {', '.join(SEVERITIES)}", location=where)
    return Metadata(
        title=str(value["title"]),
        description=str(value["description"]),
        identifier=str(custom["id"]),
        severity=str(custom["severity"]),
        external=custom["external"] is True,
        controls=tuple(str(control) for control in custom["controls"]),
        systems=_systems(custom.get("systems", []), where),
        references=tuple(_reference(item) for item in value.get("related_resources") or ()),
    )


def _systems(given: Any, where: Location) -> tuple[str, ...]:
    named = given if isinstance(given, list) else [given]
    unknown = [str(one) for one in named if not isinstance(one, str) or one not in SYSTEMS]
    if unknown:
        raise PolicyError(
            f"custom.systems names what is no system: {', '.join(unknown)}",
            location=where,
            hint=f"systems are {', '.join(SYSTEMS)}",
        )
    return tuple(sorted(set(named)))


def _reference(item: Any) -> tuple[str, str]:
    if isinstance(item, dict):
        return str(item.get("description", item["ref"])), str(item["ref"])
    return str(item), str(item)
