"""Templates that are compiled as one program, and what is done when that fails: a mistake is one template's alone."""

from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.engine.errors import PolicyError
from lockgate.engine.record import record
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.linked import Linked, compile_linked
from lockgate.engine.rego.outside import Outside
from lockgate.gatekeeper.compiled_rego import ENTRY_POINT, RegoTemplate
from lockgate.gatekeeper.rego_compile import COMMON, USUAL, CheckedTemplate, compile_template

# So often templates are tried together, then each for itself: a program that is too large for a limit of the compiler is
# nobody's mistake.
_MOST_TRIES: Final = 3


@record
class CompiledGroup:
    """Templates with what became of each. linked: their program, if they are several."""

    members: tuple[CheckedTemplate, ...]
    made: tuple[RegoTemplate | PolicyError, ...]
    linked: Linked | None = None


def compile_together(
    members: Sequence[CheckedTemplate], capabilities: Capabilities
) -> Iterator[CompiledGroup]:
    """Compiles the templates as one program, or as few as it takes where some of them have mistakes."""
    left = list(members)
    tries = _MOST_TRIES
    while len(left) > 1 and tries:
        tries -= 1
        try:
            linked = compile_linked(
                [one.modules for one in left],
                entrypoint=ENTRY_POINT,
                capabilities=capabilities,
                usual=USUAL,
                common=COMMON,
            )
        except PolicyError as error:
            suspects = _suspects(error, left)
            for checked in suspects:
                yield _alone(checked, capabilities)
            left = [checked for checked in left if checked not in suspects]
            continue
        programs = linked.programs(Outside(capabilities.allow_net))
        made = [one.with_program(program) for one, program in zip(left, programs, strict=True)]
        yield CompiledGroup(tuple(left), tuple(made), linked)
        return
    for checked in left:
        yield _alone(checked, capabilities)


def _alone(checked: CheckedTemplate, capabilities: Capabilities) -> CompiledGroup:
    """The template for itself: what is wrong with it is told as if there were no other."""
    made: RegoTemplate | PolicyError
    try:
        made = compile_template(checked, capabilities=capabilities)
    except PolicyError as error:
        made = error
    return CompiledGroup((checked,), (made,))


def _suspects(error: PolicyError, members: Sequence[CheckedTemplate]) -> list[CheckedTemplate]:
    """The templates in whose own text the mistakes are; all of them where they are in none's, such as in a library."""
    problems = error.errors if isinstance(error, RegoError) else (error,)
    places = {problem.location for problem in problems}
    found = [
        checked
        for checked in members
        if any(place is not None and _has(checked, place.file, place.line) for place in places)
    ]
    return found or list(members)


def _has(checked: CheckedTemplate, file: str, line: int) -> bool:
    source = checked.entry.module.source
    return (
        source is not None
        and source.file == file
        and source.line <= line <= source.line + source.text.count("\n")
    )
