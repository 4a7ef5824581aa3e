"""Loads a folder of plain Rego as Conftest does: `.rego` files under the policy paths, data under the data paths."""

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.values import render_json
from lockgate.engine.conftest.policy import make_policies
from lockgate.engine.conftest.rules import DEFAULT_NAMESPACE, choose_namespaces, find_rules, namespaces
from lockgate.engine.errors import UsageError
from lockgate.engine.policy import PolicySet
from lockgate.engine.record import record
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.version import RegoVersion
from lockgate.webhook.rego_files import Options, load_rego
from lockgate.webhook.report import Unevaluated
from lockgate.webhook.walk import SUFFIXES, is_excluded, shown_path

if TYPE_CHECKING:
    from lockgate.webhook.gitignore import IgnoreFile

SUFFIX: Final = ".rego"
# Conftest's parsers that are not here, by how names of their files end (its parser/parser.go).
PARSERS: Final = {
    ".cue": "cue",
    ".dockerfile": "dockerfile",
    ".dockerignore": "ignore",
    ".edn": "edn",
    ".env": "dotenv",
    ".gitignore": "ignore",
    ".groovy": "groovy",
    ".hcl": "hcl2",
    ".hcl1": "hcl1",
    ".hcl2": "hcl2",
    ".hocon": "hocon",
    ".ini": "ini",
    ".jsonc": "jsonc",
    ".jsonnet": "jsonnet",
    ".cyclonedx": "cyclonedx",
    ".nginx": "nginx",
    ".pbtxt": "textproto",
    ".properties": "properties",
    ".spdx": "spdx",
    ".textpb": "textproto",
    ".textproto": "textproto",
    ".tf": "hcl2",
    ".tfvars": "hcl2",
    ".toml": "toml",
    ".vcl": "vcl",
    ".xml": "xml",
}
_NAMES: Final = {
    "codeowners": "codeowners",
    "dockerfile": "dockerfile",
    "jenkinsfile": "groovy",
    "nginx.conf": "nginx",
}
_MOST_SHOWN: Final = 5
# A file of Gatekeeper's kinds names them in its first lines.
_MOST_LOOKED_AT: Final = 1024 * 1024


@record
class ConftestOptions:
    """What Conftest's own options say. namespaces: () is its default, `main`; None is all of them."""

    namespaces: tuple[str, ...] | None = ()
    data: tuple[str, ...] = ()
    version: RegoVersion = "v1"
    combine: bool = False


def is_plain_rego(path: str, marks: bytes) -> bool:
    """Is the path Rego and nothing of Gatekeeper's kinds, whose files have `marks` in them?"""
    if not os.path.isdir(path):
        return path.endswith(SUFFIX)
    found = False
    for place, folders, files in os.walk(path):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            if name.endswith(SUFFIX):
                found = True
            elif name.lower().endswith(SUFFIXES) and _has(os.path.join(place, name), marks):
                return False
    return found


def _has(path: str, marks: bytes) -> bool:
    try:
        with open(path, "rb") as stream:
            return marks in stream.read(_MOST_LOOKED_AT)
    except OSError:
        return False


def load_conftest(paths: Sequence[str], options: ConftestOptions) -> PolicySet:
    """The rules of the namespaces. Raises UsageError where nothing would be judged, RegoError for wrong policies."""
    data_files = tuple([f"*{suffix}" for suffix in SUFFIXES])
    texts = load_rego(paths, Options(options.version, False, data_files)).texts
    if not texts:
        raise UsageError(f"there is no {SUFFIX} file under {', '.join(paths)}")
    data = load_rego(options.data, Options("v1", False, (f"*{SUFFIX}",))).data if options.data else {}
    modules = [text.module for text in texts]
    chosen = options.namespaces
    wanted = (
        namespaces(modules) if chosen is None else choose_namespaces(modules, chosen or (DEFAULT_NAMESPACE,))
    )
    rules = find_rules(modules, wanted)
    if not rules:
        raise UsageError(
            f"no rule deny, violation or warn in {', '.join(wanted)}, so nothing would be judged",
            hint="choose packages with --rego-namespace, or --all-namespaces",
        )
    digest = sha256(f"{render_json(data)}\n".encode("utf-8", "surrogatepass"))
    for text in texts:
        digest.update(f"{text.source.file}\n{text.source.version}\n{text.source.text}\n".encode())
    return make_policies(modules, rules, data, Capabilities(), digest.hexdigest())


def without_parser(
    paths: Sequence[str], cwd: str, excludes: "Sequence[tuple[str, IgnoreFile]]"
) -> list[Unevaluated]:
    """What Conftest would have judged under the paths and is not read here, one entry for each parser."""
    found: dict[str, list[str]] = {}
    for path in paths:
        for file in _files(path):
            parser = parser_of(os.path.basename(file))
            if parser and not is_excluded(os.path.realpath(file), False, excludes):
                found.setdefault(parser, []).append(shown_path(file, cwd))
    made: list[Unevaluated] = []
    for parser, files in sorted(found.items()):
        names = sorted(set(files))
        shown = ", ".join(names[:_MOST_SHOWN])
        more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
        made.append(
            Unevaluated("conftest", "", None, f"a parser for {parser}, which is not built: {shown}{more}")
        )
    return made


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    for place, folders, files in os.walk(path):
        folders[:] = [name for name in folders if name != ".git"]
        yield from [os.path.join(place, name) for name in files]


def parser_of(name: str) -> str:
    """Conftest's parser for a file, where there is none here."""
    lower = name.lower()
    if lower in _NAMES:
        return _NAMES[lower]
    for prefix, parser in (("dockerfile.", "dockerfile"), (".env.", "dotenv"), ("jenkinsfile.", "groovy")):
        if lower.startswith(prefix):
            return parser
    return PARSERS.get(os.path.splitext(lower)[1] or lower, "")
