"""Documents with keys that are not fixed, divided so that a reference evaluates the rules alone that it may lead to.

`p[x].a := p[y].b` is no recursion: OPA evaluates only the rules whose heads fit a reference. Where rules would be
recursive otherwise, such references are led to a hidden document of just those rules.
"""

from dataclasses import fields, replace
from typing import Any

from lockgate.engine.codegen.values import equal
from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import Ref, Scalar, Term, Var
from lockgate.engine.rego.resolve import Alternative, Definition
from lockgate.engine.rego.ruletree import HIDDEN, Group, RuleTree, with_targets

_PLACE = f"{HIDDEN}part"


def split_documents(tree: RuleTree) -> bool:
    """Divides the documents of a tree whose rules have keys that are not fixed; False where none can be."""
    places, _ = with_targets(tree.groups)
    candidates = {
        group.path: group
        for group in tree.groups
        if group.kind == "object"
        and len(group.definitions) > 1
        and group.default is None
        and not any(_overlaps(place, group.path) for place in places)
    }
    if not candidates:
        return False
    splitter = _Splitter(tree, candidates)
    for group in list(tree.groups):
        group.definitions = [splitter.definition(definition) for definition in group.definitions]
        if group.default is not None:
            group.default = splitter.definition(group.default)
    splitter.add_parts()
    return bool(splitter.parts)


def _overlaps(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length]


class _Splitter:
    def __init__(self, tree: RuleTree, candidates: dict[tuple[str, ...], Group]) -> None:
        self._tree = tree
        self._candidates = candidates
        # The name of each part, by the document and the numbers of its rules.
        self.parts: dict[tuple[tuple[str, ...], frozenset[int]], str] = {}

    def definition(self, definition: Definition) -> Definition:
        """The rule with its references led to parts of documents."""
        alternatives = tuple(self._alternative(alternative) for alternative in definition.alternatives)
        return replace(definition, alternatives=alternatives)

    def _alternative(self, alternative: Alternative) -> Alternative:
        found = self._mapped(alternative)
        assert isinstance(found, Alternative)
        return found

    def _mapped(self, node: Any) -> Any:
        if isinstance(node, tuple):
            return tuple([self._mapped(item) for item in node])
        if not hasattr(node, "__dataclass_fields__") or isinstance(node, Location):
            return node
        names = [one.name for one in fields(node)]
        changed = {name: self._mapped(getattr(node, name)) for name in names}
        if all(
            changed[name] is getattr(node, name) or changed[name] == getattr(node, name) for name in names
        ):
            made = node
        else:
            made = replace(node, **changed)
        return self._reference(made) if isinstance(made, Ref) else made

    def _reference(self, reference: Ref) -> Ref:
        head = reference.head
        if not isinstance(head, Var) or head.name != "data":
            return reference
        node, taken = self._tree.find(reference.operands)
        group = node.group
        if group is None or group.path not in self._candidates:
            return reference
        asked = reference.operands[taken:]
        numbers = frozenset(
            number
            for number, definition in enumerate(group.definitions)
            if _fits(definition.alternatives[0].tail, asked)
        )
        if len(numbers) == len(group.definitions):
            return reference
        part = self.parts.setdefault((group.path, numbers), f"p{len(self.parts)}")
        place = (_PLACE, part)
        return replace(reference, operands=(*[Scalar(reference.location, name) for name in place], *asked))

    def add_parts(self) -> None:
        """Adds the hidden documents to the tree."""
        for (path, numbers), name in self.parts.items():
            whole = self._candidates[path]
            definitions = [whole.definitions[number] for number in sorted(numbers)]
            part = Group(
                len(self._tree.groups),
                (_PLACE, name),
                "object",
                0,
                whole.location,
                definitions,
                shown=str(whole),
            )
            self._tree.place(part.path).group = part
            self._tree.groups.append(part)


def _fits(tail: tuple[Term, ...], asked: tuple[Term, ...]) -> bool:
    """May a rule whose head goes on like this give what is asked for?"""
    for have, want in zip(tail, asked, strict=False):
        if isinstance(have, Scalar) and isinstance(want, Scalar) and not equal(have.value, want.value):
            return False
    return True
