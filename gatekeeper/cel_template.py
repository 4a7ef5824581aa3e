"""The CEL of a template in its compiled form, from the cache of compiled code where it is there.

A start that finds every template in the cache parses and checks no expression, and does not import what does.
"""

import os
from collections.abc import Iterator
from typing import Any, Final

from lockgate.engine.cel.expression import Expression
from lockgate.engine.cel.fused import FusedCode
from lockgate.engine.cel.library.by_name import FunctionsByName
from lockgate.engine.codegen.cache import CodeCache, folder_fingerprint
from lockgate.engine.errors import Location
from lockgate.gatekeeper.cel_source import ANY_OBJECT, PARAMETERS, CelSource, ExpressionText
from lockgate.gatekeeper.compiled_cel import CelTemplate, CompiledValidation
from lockgate.gatekeeper.problems import Lint
from lockgate.gatekeeper.template import Template

# Entries of Rego's templates have no such part in their keys.
_LANGUAGE: Final = b"cel"


class CelCompiler:
    """Compiles the CEL of templates. Without a cache everything is compiled anew."""

    def __init__(self, cache: CodeCache | None = None) -> None:
        self._cache = cache
        self._fingerprint = "" if cache is None else folder_fingerprint(os.path.dirname(__file__))

    def compile(self, template: Template) -> CelTemplate:
        """The compiled CEL of a template that has some. Raises PolicyErrors."""
        source = template.cel
        assert source is not None, template.kind
        if self._cache is None:
            return _anew(source)
        key = self._cache.key(_LANGUAGE, self._fingerprint.encode(), *_material(source))
        stored = self._cache.get(key)
        if stored is not None:
            return _from_plain(source, *stored)
        made = _anew(source)
        self._cache.put(key, _to_plain(made))
        return made


def _anew(source: CelSource) -> CelTemplate:
    # Not needed, and not imported, when the cache has what is asked for.
    from lockgate.gatekeeper.cel_compile import compile_source

    return compile_source(source)


def _texts(source: CelSource) -> Iterator[ExpressionText]:
    """All expressions, in the order in which `_to_plain` stores them."""
    for variable in source.variables:
        yield variable.expression
    for condition in source.match_conditions:
        yield condition.expression
    for validation in source.validations:
        yield validation.expression
        if validation.message_expression is not None:
            yield validation.message_expression


def _material(source: CelSource) -> list[bytes]:
    """Everything that decides what a template compiles to: texts, and places for errors."""
    parts = [source.failure_policy, *[one.name for one in (*source.variables, *source.match_conditions)]]
    for validation in source.validations:
        parts += [validation.message, str(validation.message_expression is None)]
    for text in _texts(source):
        parts += text.scalar.key()
    return [part.encode("utf-8", "surrogatepass") for part in parts]


def _to_plain(made: CelTemplate) -> tuple[Any, ...]:
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
    validations = [
        (
            one.expression.to_plain(),
            None if one.message_expression is None else one.message_expression.to_plain(),
        )
        for one in made.validations
    ]
    conditions = [expression.to_plain() for expression, _ in made.conditions]
    variables = {name: expression.to_plain() for name, expression in made.variables.items()}
    return validations, conditions, variables, made.fused.to_plain(), sorted(made.reads), lints


def _from_plain(
    source: CelSource,
    validations: list[tuple[Any, Any]],
    conditions: list[Any],
    variables: dict[str, Any],
    fused: tuple[Any, ...] | None,
    reads: list[str],
    lints: list[tuple[Any, ...]],
) -> CelTemplate:
    functions = FunctionsByName()

    def stored(plain: Any) -> Expression:
        return Expression.from_plain(plain, functions)

    made: list[CompiledValidation] = []
    for validation, (expression, message) in zip(source.validations, validations, strict=True):
        made.append(
            CompiledValidation(
                stored(expression),
                validation.expression.text,
                validation.message,
                None if message is None else stored(message),
            )
        )
    return CelTemplate(
        validations=tuple(made),
        failure_policy=source.failure_policy,
        conditions=tuple(
            [
                (stored(plain), one.expression.text)
                for plain, one in zip(conditions, source.match_conditions, strict=True)
            ]
        ),
        variables={name: stored(plain) for name, plain in variables.items()},
        names=frozenset((ANY_OBJECT, PARAMETERS, *variables)),
        fused=FusedCode.from_plain(fused, functions),
        reads=frozenset(reads),
        lints=tuple(
            [
                Lint(level, message, Location(file, line, column), hint, quoted)
                for level, message, file, line, column, hint, quoted in lints
            ]
        ),
    )
