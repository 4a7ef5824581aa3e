"""The engine K8sNativeValidation: compiles templates and makes policies of their constraints.

Nothing of CEL is imported until there is a template that has some: most policies are Rego.
"""

from typing import TYPE_CHECKING, final

from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.policy import Policy
from lockgate.gatekeeper.policy import Gated
from lockgate.gatekeeper.template import Template

if TYPE_CHECKING:
    from lockgate.gatekeeper.cel_review import LastReview
    from lockgate.gatekeeper.cel_template import CelCompiler
    from lockgate.gatekeeper.compiled_cel import CelTemplate


@final
class CelEngine:
    """One for policies that judge the same reviews: what expressions see of a review is made once for all of them.

    cache: compiled templates are kept there, if it is given.
    """

    def __init__(self, cache: CodeCache | None = None) -> None:
        self._cache = cache
        self._compiler: CelCompiler | None = None
        self._reviews: LastReview | None = None

    def compile(self, template: Template) -> "CelTemplate":
        """The compiled CEL of a template that has some. Raises PolicyErrors."""
        if self._compiler is None:
            from lockgate.gatekeeper.cel_template import CelCompiler

            self._compiler = CelCompiler(self._cache)
        return self._compiler.compile(template)

    def policy(self, gated: Gated, code: "CelTemplate", unknown: frozenset[str]) -> Policy:
        """The policy of a constraint. `unknown`: fields of reviews that may not be known."""
        from lockgate.gatekeeper.cel_policy import make_cel_policy
        from lockgate.gatekeeper.cel_review import LastReview

        if self._reviews is None:
            self._reviews = LastReview()
        return make_cel_policy(gated, code, unknown=unknown, reviews=self._reviews)
