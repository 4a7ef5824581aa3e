"""What the compiler makes of the policy on `docs/compiler.md`. `python -m tests.engine.rego.compiler_page` writes it there.

The prose of the page is its own. Of each block below a comment `<!-- made: NAME -->` the text is made here, and a
test compares it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.context import MISS, Context
from lockgate.engine.codegen.values import UNDEFINED, Set, Value, render_rego
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.ast import Module, Ref, Var
from lockgate.engine.rego.builtins.catalogue import ENTRIES
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.flatten import Flattener
from lockgate.engine.rego.fusion import fused
from lockgate.engine.rego.generate import Generator
from lockgate.engine.rego.lexer import Lexer
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import NO_DATA, NO_VALUES, PARAMETERS, Program, compile_program
from lockgate.engine.rego.resolve import Definition, Resolver, package_names
from lockgate.engine.rego.ruletree import Group, RuleTree, check_recursion
from lockgate.engine.rego.safety import BodyOrder, own_variables, variables
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.stage import Stages
from lockgate.engine.rego.term_parser import dotted
from lockgate.engine.rego.types.rules import check_types
from lockgate.engine.rego.types.texts import type_text
from lockgate.gatekeeper.rego_compile import USUAL
from lockgate.webhook.failures import render_error

from tests.engine.rego.rego_notation import branch_lines, clause_text, statement_text, syntax
from tests.shared_folder import ROOT

PAGE: Final = ROOT / "docs" / "compiler.md"
FILE: Final = "images.rego"
ENTRY: Final = "data.images.violation"
_BLOCK: Final = re.compile(
    r"(?P<head><!-- made: (?P<name>[a-z ]+) -->\n```\w*\n)(?P<text>.*?)(?P<tail>^```\n)",
    re.DOTALL | re.MULTILINE,
)

POLICY: Final = """\
package images

violation contains {"msg": msg} if {
	some container in input.review.object.spec.containers
	not approved(container.image)
	msg := sprintf("%v: %v is from none of %v", [container.name, container.image, listed])
}

violation contains {"msg": msg} if {
	some container in input.review.object.spec.containers
	endswith(container.image, ":latest")
	msg := sprintf("%v: the tag of %v may move", [container.name, container.image])
}

approved(image) if {
	startswith(image, registry)
	registry = input.parameters.registries[_]
}

listed := concat(", ", input.parameters.registries)
"""
REGISTRIES: Final[dict[str, Value]] = {"registries": ["registry.example.com/", "mirror.example.com/"]}


def pod(*containers: tuple[str, str], parameters: Value = REGISTRIES) -> Value:
    """The input of a review of a Pod with these containers, each a name and an image."""
    spec: Value = {"containers": [{"name": name, "image": image} for name, image in containers]}
    return {"review": {"object": {"kind": "Pod", "spec": spec}}, "parameters": parameters}


TWO: Final = pod(("server", "registry.example.com/server:latest"), ("proxy", "docker.io/envoy:v1.36"))


class Passes:
    """The passes over the policy one by one, in the order of `compiler.compile_modules`."""

    def __init__(self, text: str = POLICY) -> None:
        self.source = Source(text, FILE)
        self.module: Module = parse_module(self.source)
        resolver = Resolver(self.module, package_names([self.module]), [])
        self.definitions = [resolver.definition(rule) for rule in self.module.rules]

    @cached_property
    def tree(self) -> RuleTree:
        """The rules by place, with flat bodies."""
        tree = RuleTree()
        for definition in self.definitions:
            tree.add(definition, [])

        def arity_of(function: Ref) -> int | None:
            group = tree.function(function)
            if group is not None:
                return group.arity
            entry = ENTRIES.get(dotted(function))
            return None if entry is None else entry.arity

        flattener = Flattener(arity_of)
        for group in tree.groups:
            group.definitions = [
                replace(one, alternatives=tuple(map(flattener.alternative, one.alternatives)))
                for one in group.definitions
            ]
        return tree

    @cached_property
    def flat(self) -> list[Definition]:
        """The rules with flat bodies."""
        return [definition for group in self.tree.groups for definition in group.definitions]

    @cached_property
    def edges(self) -> dict[int, set[int]]:
        """What each group refers to."""
        return check_recursion(self.tree, [])

    @cached_property
    def stages(self) -> Stages:
        """What depends on the parameters only."""
        return Stages(self.tree, self.edges, [PARAMETERS])

    def code(self) -> str:
        """The Python that these passes lead to."""
        problems: list[Problem] = []
        generator = Generator(self.tree, self.stages, "plain", problems, USUAL, shares=True)
        entries = generator.generate([tuple(ENTRY.split(".")[1:])])
        assert not problems
        return generator.source(entries.values())


def compiled(text: str = POLICY, bound: Mapping[tuple[str, ...], Value] = NO_VALUES) -> Program:
    """The policy as it is compiled for a template."""
    module = parse_module(Source(text, FILE))
    return compile_program(
        [module], entrypoints=[ENTRY], capabilities=Capabilities(), usual=USUAL, bound=bound
    )


# Blocks of the page


def tokens(passes: Passes) -> str:
    """The tokens of one line."""
    found = [token for token in Lexer(passes.source).tokens() if token.line == 5]
    return "".join([f"{token.line}:{token.column:<3} {token.kind:<12} {token.text}\n" for token in found])


def syntax_tree(passes: Passes) -> str:
    """The head and the statements of the first rule."""
    rule = passes.module.rules[0]
    (clause,) = rule.clauses
    lines = [f"{rule.location.line}:{rule.location.column}  {syntax(rule.head)}"]
    lines += [f"{one.location.line}:{one.location.column}  {syntax(one)}" for one in clause.body]
    return "\n".join(lines) + "\n"


def names(passes: Passes) -> str:
    """The first rule with its names resolved."""
    return clause_text(passes.definitions[0])


def flat_bodies(passes: Passes) -> str:
    """The first rule with a flat body."""
    return clause_text(passes.flat[0])


def rule_tree(passes: Passes) -> str:
    """The groups of rules, and what each refers to."""

    def line(group: Group) -> str:
        what = f"function of {group.arity}" if group.kind == "function" else group.kind
        rules = "1 rule" if len(group.definitions) == 1 else f"{len(group.definitions)} rules"
        needs = ", ".join([str(passes.tree.groups[index]) for index in sorted(passes.edges[group.index])])
        return f"{group.index}  {group!s:<22} {what + ', ' + rules:<24} refers to {needs or 'no rule'}\n"

    return "".join(map(line, passes.tree.groups))


def safe_order(passes: Passes) -> str:
    """The function's body in its safe order, with what each statement binds."""
    (alternative,) = passes.flat[2].alternatives
    bound = variables(alternative.arguments)
    order = BodyOrder(bound | own_variables(alternative.body))
    ordered, left, _ = order.order(alternative.body, bound)
    assert not left
    lines = [f"{'':<48} bound: {', '.join(sorted(bound))}"]
    for statement in ordered:
        bound |= order.outputs(statement, bound) or set()
        lines.append(f"{statement_text(statement):<48} bound: {', '.join(sorted(bound))}")
    return "\n".join(lines) + "\n"


def refused(passes: Passes, old: str, new: str) -> str:
    """What is said of the policy after a change."""
    text = passes.source.text.replace(old, new)
    assert text != passes.source.text
    try:
        compiled(text)
    except RegoError as error:
        return render_error(error)
    raise AssertionError("the policy compiles")


def types(passes: Passes) -> str:
    """The types of the variables of one rule, and of what rules give."""
    facts = check_types(passes.tree, passes.edges)
    assert not facts.problems
    (listed,), (violation,) = passes.flat[-1].alternatives, passes.flat[0].alternatives
    assert violation.member is not None
    place = violation.location
    shown = [
        (listed, listed.value, "listed"),
        *[(violation, Var(place, name), name) for name in ("container#1", "%4", "%5", "msg#2")],
        (violation, violation.member, "a member of violation"),
    ]
    return "".join([f"{name:<22} {type_text(facts.type_of(rule, term))}\n" for rule, term, name in shown])


def wrong_type(passes: Passes) -> str:
    """The policy with a string where `sprintf` wants an array."""
    return refused(passes, "[container.name, container.image, listed]", "listed")


def stages(passes: Passes) -> str:
    """What of the rules depends on the parameters only."""
    fixed = passes.stages.fixed
    return "".join(
        [
            f"{group!s:<22} {'parameters only' if group.index in fixed else 'the object as well'}\n"
            for group in passes.tree.groups
        ]
    )


def fusion(passes: Passes) -> str:
    """The rules of the set as a tree."""
    alternatives = [one.alternatives[0] for one in passes.tree.groups[0].definitions]
    branches = fused(alternatives)
    assert branches is not None
    return "".join([f"{line}\n" for branch in branches for line in branch_lines(branch)])


def python(passes: Passes) -> str:
    """The generated module."""
    source = compiled().artifact.source
    assert source == passes.code(), "the passes here are not those of the compiler"
    return source


def places(passes: Passes) -> str:
    """The numbered places of the generated module."""
    found = compiled().artifact.positions
    return "  ".join([f"P[{n}] {line}:{column}" for n, (_, line, column) in enumerate(found)]) + "\n"


def specialised(passes: Passes) -> str:
    """What of the module is other code for one constraint: the copy of the function, and the rule `listed`."""
    source = compiled(bound={PARAMETERS: REGISTRIES}).artifact.source
    begin, end = source.index("                # 5:2\n"), source.index("                # 6:47\n")
    function = source[source.index("def r2_listed_0") : source.index("def r2_listed(c)")]
    return f"{source[begin:end]}                …\n\n{function.rstrip()}\n"


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation: what it gave and left."""

    value: Value
    steps: int
    context: Context


def run(program: Program, input: Value, fixed: list[Any]) -> Run:
    """Evaluates, and keeps the context to look into."""
    memo = [MISS] * program.artifact.memo_size
    context = Context(input, NO_DATA, memo, fixed, [], Limits(), 0)
    value = program.function(ENTRY)(context)
    assert value is not UNDEFINED
    return Run(value, context.granted - context.left, context)


def evaluation(passes: Passes) -> str:
    """Evaluations of the shared code and of the constraint's own."""
    shared, own = compiled(), compiled(bound={PARAMETERS: REGISTRIES})
    fixed = [MISS] * shared.artifact.fixed_size
    first, again = run(shared, TWO, fixed), run(shared, TWO, fixed)
    special = run(own, TWO, [MISS] * own.artifact.fixed_size)
    assert render_rego(first.value) == render_rego(again.value) == render_rego(special.value)
    assert isinstance(first.value, Set)
    lines = [*map(render_rego, first.value), ""]
    lines += [
        f"steps of the first evaluation    {first.steps}",
        f"steps of the second              {again.steps}",
        f"steps with code of its own       {special.steps}",
        f"c.memo[0] is the answer          {first.context.memo[0] is first.value}",
        f"c.fixed[0]                       {fixed[0]!r}",
    ]
    return "\n".join(lines) + "\n"


def errors(passes: Passes) -> str:
    """A limit that is reached, and a builtin that fails under strict errors."""
    many = [(f"c{number}", "docker.io/envoy") for number in range(10)]
    lines: list[str] = []
    for input, limits, strict in (
        (pod(*many), Limits(max_steps=20), ""),
        (pod(*many, parameters={"registries": [7]}), Limits(), "strict"),
    ):
        try:
            compiled().prepare().evaluate(ENTRY, input=input, now_ns=0, limits=limits, strict=strict)
        except EvaluationError as error:
            lines.append(render_error(error))
        else:
            raise AssertionError("no error")
    return "\n".join(lines)


BLOCKS: Final[Mapping[str, Callable[[Passes], str]]] = {
    "source": lambda passes: passes.source.text,
    "tokens": tokens,
    "syntax tree": syntax_tree,
    "names": names,
    "flat bodies": flat_bodies,
    "rule tree": rule_tree,
    "safe order": safe_order,
    "types": types,
    "wrong type": wrong_type,
    "stages": stages,
    "fusion": fusion,
    "python": python,
    "specialised": specialised,
    "evaluation": evaluation,
    "places": places,
    "errors": errors,
}


def made(page: str) -> str:
    """The page with its blocks made anew. Raises KeyError for a block of another name."""
    passes = Passes()
    return _BLOCK.sub(lambda found: found["head"] + BLOCKS[found["name"]](passes) + found["tail"], page)


def block_names(page: str) -> list[str]:
    """The names of the blocks on a page, in order."""
    return [found["name"] for found in _BLOCK.finditer(page)]


def main() -> None:
    """Writes the blocks of the page."""
    PAGE.write_text(made(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
