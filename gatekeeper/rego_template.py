"""The Rego of templates in its compiled form, from the cache of compiled code where it is there.

A start that finds every template in the cache parses no Rego, and does not import the parser.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lockgate.engine.codegen.cache import CodeCache, folder_fingerprint
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import PolicyError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.program import PARAMETERS, Program
from lockgate.gatekeeper.compiled_rego import LEAST_SHARED, RegoTemplate
from lockgate.gatekeeper.rego_store import RegoStore
from lockgate.gatekeeper.template import Template

if TYPE_CHECKING:
    from lockgate.gatekeeper.rego_compile import ModuleCache
    from lockgate.gatekeeper.rego_together import CompiledGroup

# Told a template's kind and the Python source of its Rego.
ShowCode = Callable[[str, str], None]
# The compiled Rego of a template, or why it has none.
Made = RegoTemplate | PolicyError


class TemplateCompiler:
    """Compiles the Rego of templates under the same capabilities. Without a cache everything is compiled anew.

    `show` is given each template's kind and the Python that its Rego has become, when it is compiled anew: each template
    has code of its own then.
    """

    def __init__(
        self, capabilities: Capabilities, cache: CodeCache | None = None, show: ShowCode | None = None
    ) -> None:
        self._capabilities = capabilities
        self._show = show
        self._modules: ModuleCache | None = None
        self._store: RegoStore | None = None
        if cache is not None:
            # What Gatekeeper's modules refuse and warn of is not in entries that others made.
            self._store = RegoStore(cache, folder_fingerprint(os.path.dirname(__file__)), capabilities)

    def compile(self, template: Template) -> RegoTemplate:
        """The compiled Rego of a template that has some. Raises PolicyError, or PolicyErrors for many."""
        (made,) = self.compile_all([template])
        if isinstance(made, PolicyError):
            raise made
        return made

    def compile_all(self, templates: Sequence[Template]) -> list[Made]:
        """The compiled Rego of each template, in the order given: `shared_libraries` says which share a program."""
        store = self._store
        if store is None:
            return self._anew(templates, [""] * len(templates))
        keys = [store.key(template) for template in templates]
        found: dict[str, Made] = {**store.get(keys)}
        missing = {key: one for key, one in zip(keys, templates, strict=True) if key not in found}
        if missing:
            made = self._anew(list(missing.values()), list(missing))
            found.update(zip(missing, made, strict=True))
        return [found[key] for key in keys]

    def has_copies_to_make(self, template: Template) -> bool:
        """Is a template of Rego to be compiled anew whose libraries are worth sharing with others'?"""
        rego = template.rego
        if rego is None or sum([len(text.text) for text in rego.texts[1:]]) < LEAST_SHARED:
            return False
        return self._store is None or not self._store.may_have(template)

    def specialise(self, template: Template, parameters: Value) -> Program:
        """The program of a template for one constraint's parameters. Raises PolicyError where it is too large."""
        from lockgate.gatekeeper.rego_compile import check_template, compile_template

        checked = check_template(template, self._known_modules())
        made = compile_template(checked, capabilities=self._capabilities, bound={PARAMETERS: parameters})
        self._tell(template, made)
        return made.program

    def forget_modules(self) -> None:
        """Forgets what was parsed: who goes on compiling for long would keep every text that there ever was."""
        self._modules = None

    def _known_modules(self) -> "ModuleCache":
        # The parser and the compiler are not needed, and not imported, when the cache has what is asked for.
        from lockgate.gatekeeper.rego_compile import ModuleCache

        modules = self._modules
        if modules is None:
            modules = self._modules = ModuleCache()
        return modules

    def _tell(self, template: Template, made: RegoTemplate) -> None:
        if self._show is not None:
            self._show(template.kind, made.program.artifact.source)

    def _anew(self, templates: Sequence[Template], keys: Sequence[str]) -> list[Made]:
        """keys: of their entries in the store, if there is one."""
        from lockgate.gatekeeper.rego_compile import CheckedTemplate, check_template
        from lockgate.gatekeeper.rego_together import compile_together
        from lockgate.gatekeeper.shared_libraries import group_templates

        modules = self._known_modules()
        found: dict[int, Made] = {}
        numbers: dict[int, int] = {}
        checked: list[CheckedTemplate] = []
        for number, template in enumerate(templates):
            try:
                one = check_template(template, modules)
            except PolicyError as error:
                found[number] = error
            else:
                numbers[id(one)] = number
                checked.append(one)
        groups = [[one] for one in checked] if self._show else group_templates(checked)
        for group in groups:
            for compiled in compile_together(group, self._capabilities):
                places = [numbers[id(one)] for one in compiled.members]
                found.update(zip(places, compiled.made, strict=True))
                self._keep([keys[place] for place in places], compiled)
        for number, made in sorted(found.items()):
            if not isinstance(made, PolicyError):
                self._tell(templates[number], made)
        return [found[number] for number in range(len(templates))]

    def _keep(self, keys: Sequence[str], compiled: "CompiledGroup") -> None:
        if self._store is None:
            return
        made = {
            key: one for key, one in zip(keys, compiled.made, strict=True) if not isinstance(one, PolicyError)
        }
        if compiled.linked is not None:
            self._store.put_linked(made, compiled.linked)
            return
        for key, one in made.items():
            self._store.put(key, one)
