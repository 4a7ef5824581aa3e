"""Loads a folder of plain Rego as Conftest does: `.rego` files under the policy paths, data under the data paths."""

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from lockgate.engine import conftest as engine_conftest
from lockgate.engine.codegen.cache import CodeCache, folder_fingerprint
from lockgate.engine.codegen.values import render_json
from lockgate.engine.conftest.policy import compile_rules, make_policies
from lockgate.engine.conftest.rules import (
    DEFAULT_NAMESPACE,
    ConftestRule,
    choose_namespaces,
    find_rules,
    namespaces,
)
from lockgate.engine.errors import UsageError
from lockgate.engine.policy import PolicySet
from lockgate.engine.record import record
from lockgate.engine.rego.ast import Module
from lockgate.engine.rego.builtins.catalogue import missing_extra
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.outside import Outside
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Artifact, Program
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.version import RegoVersion
from lockgate.webhook.rego_files import Options, bundled_sources, load_rego, read_sources
from lockgate.webhook.report import Unevaluated
from lockgate.webhook.terminal import some_of
from lockgate.webhook.walk import SUFFIXES, is_excluded, shown_path

if TYPE_CHECKING:
    from lockgate.webhook.gitignore import IgnoreFile
    from lockgate.webhook.policy_bundle.bundle import PolicyBundle

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


@record
class ConftestOptions:
    """What Conftest's own options say. namespaces: () is its default, `main`; None is all of them."""

    namespaces: tuple[str, ...] | None = ()
    data: tuple[str, ...] = ()
    version: RegoVersion = "v1"
    combine: bool = False


def load_conftest(
    paths: "Sequence[str | PolicyBundle]", options: ConftestOptions, cache: CodeCache | None = None
) -> PolicySet:
    """The rules of the namespaces. Raises UsageError where nothing would be judged, RegoError for wrong policies.

    cache: the compiled program is kept there, if it is given.
    """
    sources = plain_sources([path for path in paths if isinstance(path, str)], options.version)
    bundles = {path.shown: path for path in paths if not isinstance(path, str)}
    for bundle in bundles.values():
        sources += bundled_sources(bundle, options.version)
    if not sources:
        names = ", ".join([path if isinstance(path, str) else path.shown for path in paths])
        raise UsageError(f"there is no {SUFFIX} file under {names}")
    data = load_rego(options.data, Options("v1", False, (f"*{SUFFIX}",))).data if options.data else {}
    parts = [part for one in sources for part in (one.file, one.version, one.text)]
    # Where the policies lie is nothing that they say.
    texts = sorted([(one.text, one.version) for one in sources])
    digest = sha256()
    for part in (render_json(data), *[part for text in texts for part in text]):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d\n" % len(encoded) + encoded)
    program, rules = _compiled(sources, parts, options.namespaces, cache)
    return make_policies(program, rules, data, digest.hexdigest())


def plain_sources(paths: Sequence[str], version: RegoVersion) -> list[Source]:
    """The texts of the policies under the paths, not parsed. Raises UsageError."""
    return read_sources(paths, Options(version, False, tuple([f"*{suffix}" for suffix in SUFFIXES])))


def _compiled(
    sources: Sequence[Source],
    parts: Sequence[str],
    chosen: tuple[str, ...] | None,
    cache: CodeCache | None,
) -> tuple[Program, list[ConftestRule]]:
    """The program and its rules, from the cache where they are there."""
    capabilities = Capabilities()
    if cache is None:
        return _anew(sources, chosen, capabilities)
    ours = folder_fingerprint(os.path.dirname(engine_conftest.__file__))
    material = ["conftest", ours, capabilities.fingerprint(), repr(chosen), *parts]
    key = cache.key(*[part.encode("utf-8", "surrogatepass") for part in material])
    stored = cache.get(key)
    if stored is not None:
        artifact = Artifact.from_plain(stored[0])
        if not any(map(missing_extra, artifact.builtins)):
            rules = [ConftestRule(*fields) for fields in stored[1]]
            return Program(artifact, Outside(capabilities.allow_net)), rules
    program, rules = _anew(sources, chosen, capabilities)
    plain = [(one.namespace, one.name, one.action, one.suffix) for one in rules]
    cache.put(key, (program.artifact.to_plain(), plain))
    return program, rules


def _anew(
    sources: Sequence[Source], chosen: tuple[str, ...] | None, capabilities: Capabilities
) -> tuple[Program, list[ConftestRule]]:
    modules: list[Module] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            modules.append(parse_module(source))
        except RegoError as error:
            problems.extend(error.errors)
    if problems:
        raise RegoError(problems)
    everything = chosen is None
    wanted = namespaces(modules) if everything else choose_namespaces(modules, chosen or (DEFAULT_NAMESPACE,))
    rules = find_rules(modules, wanted)
    if not rules:
        raise UsageError(
            f"no rule deny, violation or warn in {', '.join(wanted)}, so nothing would be judged",
            hint="choose packages with --rego-namespace, or --all-namespaces",
        )
    return compile_rules(modules, rules, capabilities), rules


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
        shown = some_of(sorted(set(files)), _MOST_SHOWN)
        made.append(Unevaluated("conftest", "", None, f"a parser for {parser}, which is not built: {shown}"))
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
