"""The Rego of a template in its compiled form, from the cache of compiled code where it is there.

A start that finds every template in the cache parses no Rego, and does not import the parser.
"""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lockgate.engine.codegen.cache import CodeCache, folder_fingerprint
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import Location
from lockgate.engine.rego.builtins.catalogue import missing_extra
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.outside import Outside
from lockgate.engine.rego.program import NO_VALUES, PARAMETERS, Artifact, Program
from lockgate.gatekeeper.compiled_rego import RegoTemplate
from lockgate.gatekeeper.inventory_needs import InventoryRead
from lockgate.gatekeeper.problems import Lint, LintLevel
from lockgate.gatekeeper.template import Template

if TYPE_CHECKING:
    from lockgate.gatekeeper.rego_compile import ModuleCache


# Told a template's kind and the Python source of its Rego.
ShowCode = Callable[[str, str], None]


class TemplateCompiler:
    """Compiles the Rego of templates under the same capabilities. Without a cache everything is compiled anew.

    `show` is given each template's kind and the Python that its Rego has become, when it is compiled anew.
    """

    def __init__(
        self, capabilities: Capabilities, cache: CodeCache | None = None, show: ShowCode | None = None
    ) -> None:
        self._capabilities = capabilities
        self._cache = cache
        self._show = show
        self._modules: ModuleCache | None = None
        # What Gatekeeper's modules refuse and warn of is not in entries that others made.
        self._fingerprint = "" if cache is None else folder_fingerprint(os.path.dirname(__file__))

    def compile(self, template: Template) -> RegoTemplate:
        """The compiled Rego of a template that has some. Raises PolicyError, or PolicyErrors for many."""
        if self._cache is None:
            return self._anew(template)
        key = self._cache.key(self._fingerprint.encode(), *_material(template, self._capabilities))
        stored = self._cache.get(key)
        if stored is not None:
            artifact = Artifact.from_plain(stored[0])
            if not any(map(missing_extra, artifact.builtins)):
                return _from_plain(artifact, self._capabilities, *stored[1:])
            # Compiling anew tells the place of the call whose library has gone.
        made = self._anew(template)
        self._cache.put(key, _to_plain(made))
        return made

    def specialise(self, template: Template, parameters: Value) -> Program:
        """The program of a template for one constraint's parameters. Raises PolicyError where it is too large."""
        return self._anew(template, {PARAMETERS: parameters}).program

    def forget_modules(self) -> None:
        """Forgets what was parsed: who goes on compiling for long would keep every text that there ever was."""
        self._modules = None

    def _anew(self, template: Template, bound: Mapping[tuple[str, ...], Value] = NO_VALUES) -> RegoTemplate:
        # The parser and the compiler are not needed, and not imported, when the cache has what is asked for.
        from lockgate.gatekeeper.rego_compile import ModuleCache, compile_template

        modules = self._modules
        if modules is None:
            modules = self._modules = ModuleCache()
        made = compile_template(template, capabilities=self._capabilities, modules=modules, bound=bound)
        if self._show is not None:
            self._show(template.kind, made.program.artifact.source)
        return made


def _material(template: Template, capabilities: Capabilities) -> list[bytes]:
    """Everything that decides what a template compiles to: text, places for errors, and what it may use."""
    source = template.rego
    assert source is not None, template.kind
    parts = [template.name, capabilities.fingerprint(), source.version]
    for text in source.texts:
        parts += text.key()
    return [part.encode("utf-8", "surrogatepass") for part in parts]


def _to_plain(made: RegoTemplate) -> tuple[Any, ...]:
    lints = [
        (
            lint.level,
            lint.message,
            lint.location.file,
            lint.location.line,
            lint.location.column,
            lint.hint,
            lint.quoted,
        )
        for lint in made.lints
    ]
    inventory = [(read.scope, read.api_version, read.kind) for read in made.inventory]
    return made.program.artifact.to_plain(), sorted(made.reads), inventory, lints


def _from_plain(
    artifact: Artifact,
    capabilities: Capabilities,
    reads: list[str],
    inventory: list[tuple[Any, ...]],
    lints: list[tuple[Any, ...]],
) -> RegoTemplate:
    return RegoTemplate(
        program=Program(artifact, Outside(capabilities.allow_net)),
        reads=frozenset(reads),
        inventory=tuple([InventoryRead(*fields) for fields in inventory]),
        lints=tuple([_lint(*fields) for fields in lints]),
    )


def _lint(level: LintLevel, message: str, file: str, line: int, column: int, hint: str, quoted: str) -> Lint:
    return Lint(level, message, Location(file, line, column), hint, quoted)
