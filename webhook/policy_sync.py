"""What is copied inside a folder of rules: Rego into templates, the list of rules into the entry for Conftest, and what
each rule is in a profile into the profiles.

The Rego in `template.yaml` is `src.rego` byte for byte, and `libs` are the helpers it uses, as Gatekeeper wants a template to hold them:
https://open-policy-agent.github.io/gatekeeper/website/docs/constrainttemplates. Only these two blocks of the file are written;
everything else in it stays as it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lockgate.engine.errors import Location, PolicyError
from lockgate.webhook.policy_folder import (
    LIBRARY_USE,
    PolicyFolder,
    Rule,
    parse_yaml,
    read_metadata,
    read_text,
)

KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z]+):(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class Generated:
    """A file that is made from others, with the text it should have."""

    path: Path
    text: str

    def is_current(self) -> bool:
        """Whether the file on disk is that text."""
        return self.path.is_file() and read_text(self.path) == self.text

    def write(self) -> None:
        """Write the file, in place of what is there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.text.encode("utf-8"))


def synced(folder: PolicyFolder) -> Iterator[Generated]:
    """Every file that `policy sync` owns, with the text it should have."""
    libraries = folder.libraries()
    rules = folder.rules()
    for rule in rules:
        yield Generated(rule.template, synced_template(rule, libraries))
    yield Generated(folder.root / "lib" / "conftest.rego", conftest_entry(rules))


def libraries_of(source: str, libraries: dict[str, str], path: Path) -> list[str]:
    """Sources of the helpers that `source` uses, directly or through others, sorted by package."""
    needed: set[str] = set()
    waiting = [source]
    while waiting:
        for name in sorted(_uses(waiting.pop(), libraries, path) - needed):
            needed.add(name)
            waiting.append(libraries[name])
    return [libraries[name] for name in sorted(needed)]


def _uses(source: str, libraries: dict[str, str], path: Path) -> set[str]:
    code = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("#"))
    used: set[str] = set()
    for reference in LIBRARY_USE.findall(code):
        package = next((name for name in _prefixes(reference) if name in libraries), None)
        if package is None:
            raise PolicyError(
                f"data.{reference} is in no file of lib/",
                location=Location(str(path), 1, 1),
                hint="name a package that a file in lib/ declares",
            )
        used.add(package)
    return used


def _prefixes(reference: str) -> Iterator[str]:
    parts = reference.split(".")
    for length in range(len(parts), 0, -1):
        yield ".".join(parts[:length])


def synced_template(rule: Rule, libraries: dict[str, str]) -> str:
    """The text that `template.yaml` should have."""
    path = rule.template
    source = read_text(rule.source)
    copies = libraries_of(source, libraries, rule.source)
    lines = read_text(path).removesuffix("\n").split("\n")
    start, indent = _find(lines, "rego", path)
    libs = [f"{indent}libs:"] if copies else []
    for copy in copies:
        libs += [f"{indent}- |", *_indented(copy, f"{indent}  ")]
    body = [f"{indent}rego: |", *_indented(source, f"{indent}  "), *libs]
    stop = _block_end(lines, start, indent)
    if stop < len(lines) and re.match(rf"{indent}libs:", lines[stop]):
        stop = _block_end(lines, stop, indent)
    text = "\n".join([*lines[:start], *body, *lines[stop:]]) + "\n"
    _check(text, source, copies, path)
    return text


def _find(lines: list[str], key: str, path: Path) -> tuple[int, str]:
    for number, line in enumerate(lines):
        match = KEY.match(line)
        if match and match["key"] == key and match["rest"].strip() in ("|", '""'):
            return number, match["indent"]
    raise PolicyError(
        f"the template has no `{key}: |` block",
        location=Location(str(path), 1, 1),
        hint='write `rego: ""` under code[].source and run `lockgate policy sync`',
    )


def _block_end(lines: list[str], start: int, indent: str) -> int:
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if line.strip() and not line.startswith((f"{indent} ", f"{indent}- ")):
            return number
    return len(lines)


def _indented(source: str, indent: str) -> list[str]:
    return [f"{indent}{line}" if line else "" for line in source.removesuffix("\n").split("\n")]


def _check(text: str, source: str, copies: list[str], path: Path) -> None:
    """Read the template back: the copies must be what a cluster will read, byte for byte."""
    template = parse_yaml(text, path, 1)
    try:
        code = template["spec"]["targets"][0]["code"][0]["source"]
        same = code["rego"] == source and code.get("libs", []) == copies
    except (KeyError, IndexError, TypeError) as error:
        raise PolicyError(
            "the template has no spec.targets[0].code[0].source", location=Location(str(path), 1, 1)
        ) from error
    if not same:
        raise PolicyError(
            "Rego of this form cannot be kept in YAML byte for byte",
            location=Location(str(path), 1, 1),
            hint="end the file with one newline; no line may be blank but for spaces, nor the first line indented",
        )


def conftest_entry(rules: tuple[Rule, ...]) -> str:
    """`lib/conftest.rego`: how Conftest runs the rules on plain manifests.

    One rule stands behind the other, because Conftest refuses a reference that could reach every package (`rego_recursion_error`).
    """
    blocks = [CONFTEST_HEAD]
    for rule in rules:
        block = CONFTEST_EXTERNAL if read_metadata(rule.source).external else CONFTEST_RULE
        blocks.append(block.format(family=rule.family, rule=rule.name))
    return "\n".join(blocks)


CONFTEST_HEAD = """# METADATA
# title: The entry for Conftest
# description: |
#   Written by `lockgate policy sync`. Conftest asks for `data.main.deny` with a manifest as input. Parameters are read from
#   `data.parameters.<family>.<rule>`, given by `conftest test --data`; a rule without them is not judged, and where that
#   hides something, a warning says so, as it does of a rule that asks external data. The items of a List are judged one by one.
package main

objects := input.items if {
	endswith(input.kind, "List")
	is_array(input.items)
} else := [input]

unconfigured(rule, found) := sprintf("%s is not configured, and %d places are not judged; give --data with parameters.%s", [
	rule,
	count(found),
	replace(rule, "/", "."),
])

unevaluated(rule, found) := sprintf("%s is not evaluated: it asks external data, which Conftest does not have, about %d places", [
	rule,
	count(found),
])
"""

# Where nobody answers, such a rule denies whatever it would have to ask about.
CONFTEST_EXTERNAL = """warn contains unevaluated("{family}/{rule}", found) if {{
	found := [violation |
		some object in objects
		some violation in data.lockgate.{family}.{rule}.violation with input as {{
			"review": {{"object": object}},
			"parameters": {{}},
		}}
	]
	count(found) > 0
}}
"""

CONFTEST_RULE = """deny contains violation if {{
	parameters := data.parameters.{family}.{rule}
	some object in objects
	some violation in data.lockgate.{family}.{rule}.violation with input as {{
		"review": {{"object": object}},
		"parameters": parameters,
	}}
}}

warn contains unconfigured("{family}/{rule}", found) if {{
	not data.parameters.{family}.{rule}
	found := [violation |
		some object in objects
		some violation in data.lockgate.{family}.{rule}.violation with input as {{
			"review": {{"object": object}},
			"parameters": {{}},
		}}
	]
	count(found) > 0
}}
"""
