"""Values from the node tree of a YAML document: what sigs.k8s.io/yaml makes of it, position by position.

Merge keys follow go-yaml v2: pairs are set in the order of the text, so a merge that comes after a key overrides it.
"""

from typing import Final

from lockgate.engine.codegen.budget import MAX_DEPTH
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.aliases import Aliases, check_aliases, is_merge
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.scalars import QUOTED, SPECIAL_FIRST, ScalarError, key_name, scalar_value
from lockgate.engine.documents.yaml_nodes import MappingNode, Node, ScalarNode, SequenceNode, YamlError, place
from lockgate.engine.record import record

# Keys given twice that are noted for one document; more say nothing new.
MOST_DUPLICATES: Final = 20

_QUOTE_HINT: Final = "quote the text if it is meant as a string"


@record
class Duplicate:
    """A key that is already set in its mapping, with the place of the second one."""

    name: str
    line: int
    column: int


def name_of(key: Node, chunk: Chunk) -> str:
    """The name that a key has in JSON. Raises YamlError for a key that can have none."""
    if not isinstance(key, ScalarNode):
        kind = "mapping" if isinstance(key, MappingNode) else "list"
        raise YamlError(
            f"a key is a {kind}, and must be a string",
            *place(chunk, key.start_mark),
            "quote text that starts with { or [",
        )
    try:
        return key_name(key.tag, key.value)
    except ScalarError as error:
        raise YamlError(f"invalid key: {error}", *place(chunk, key.start_mark), _QUOTE_HINT) from error


def _not_mergeable(item: Node, chunk: Chunk) -> YamlError:
    return YamlError(
        "a merge key (<<) needs a mapping or a list of mappings",
        *place(chunk, item.start_mark),
        "give it an alias of a mapping (<<: *name), or quote it",
    )


def merged_mappings(item: Node, chunk: Chunk) -> list[MappingNode]:
    """The mappings that a merge key's value names, in the order in which they are set."""
    if isinstance(item, MappingNode):
        return [item]
    if isinstance(item, SequenceNode):
        found = [each for each in reversed(item.value) if isinstance(each, MappingNode)]
        if len(found) == len(item.value):
            return found
    raise _not_mergeable(item, chunk)


class _Builder:
    """Builds one document's value and gathers the keys that are given twice."""

    def __init__(self, chunk: Chunk, aliases: Aliases) -> None:
        self.chunk = chunk
        self.aliases = aliases
        self.shared: dict[int, Value] = {}
        self.duplicates: list[Duplicate] = []
        self.may_merge = "<<" in chunk.text

    def scalar(self, node: ScalarNode) -> Value:
        try:
            return scalar_value(node.tag, node.value)
        except ScalarError as error:
            raise YamlError(
                f"invalid value: {error}", *place(self.chunk, node.start_mark), _QUOTE_HINT
            ) from error

    def value(self, node: Node, depth: int) -> Value:
        """The value of a node; `depth` is the number of collections around it."""
        if type(node) is ScalarNode:
            return self.scalar(node)
        if depth >= MAX_DEPTH:
            raise YamlError(
                f"nested deeper than {MAX_DEPTH} levels",
                *place(self.chunk, node.start_mark),
                "Kubernetes objects stay below 40; flatten the document",
            )
        shared = self.aliases.targets and id(node) in self.aliases.targets
        if shared and id(node) in self.shared:
            return self.shared[id(node)]
        made: Value
        if type(node) is SequenceNode:
            made = self.sequence(node, depth)
        elif isinstance(node, MappingNode) and self.may_merge and any(is_merge(key) for key, _ in node.value):
            made = {}
            self.set_pairs(node, made, depth)
        else:
            made = self.mapping(node, depth)
        if shared:
            self.shared[id(node)] = made
        return made

    def sequence(self, node: Node, depth: int) -> list[Value]:
        out: list[Value] = []
        for item in node.value:
            if type(item) is ScalarNode:
                tag, text = item.tag, item.value
                plain = tag is QUOTED or (not tag and text and text[0] not in SPECIAL_FIRST)
                out.append(text if plain else self.scalar(item))
            else:
                out.append(self.value(item, depth + 1))
        return out

    def mapping(self, node: Node, depth: int) -> dict[str, Value]:
        """A mapping without merge keys. Nearly all time is spent here, so the common cases are written out."""
        out: dict[str, Value] = {}
        for key, item in node.value:
            name = key.value
            if type(key) is not ScalarNode or not (
                key.tag is QUOTED or (not key.tag and name and name[0] not in SPECIAL_FIRST)
            ):
                name = name_of(key, self.chunk)
            if type(item) is ScalarNode:
                tag, text = item.tag, item.value
                plain = tag is QUOTED or (not tag and text and text[0] not in SPECIAL_FIRST)
                out[name] = text if plain else self.scalar(item)
            else:
                out[name] = self.value(item, depth + 1)
        if len(out) != len(node.value):
            self.find_duplicates(node)
        return out

    def set_pairs(self, node: MappingNode, out: dict[str, Value], depth: int) -> None:
        """Sets the pairs of a mapping, merged ones where their merge key stands, in `out`."""
        for index, (key, item) in enumerate(node.value):
            if is_merge(key):
                if isinstance(item, SequenceNode) and (id(node), 2 * index + 1) in self.aliases.edges:
                    raise _not_mergeable(item, self.chunk)
                for merged in merged_mappings(item, self.chunk):
                    if depth >= MAX_DEPTH:
                        self.value(merged, depth)
                    self.set_pairs(merged, out, depth + 1)
                continue
            name = name_of(key, self.chunk)
            if name in out:
                self.note_duplicate(name, key)
            out[name] = self.value(item, depth + 1)

    def find_duplicates(self, node: Node) -> None:
        seen: set[str] = set()
        for key, _ in node.value:
            name = name_of(key, self.chunk)
            if name in seen:
                self.note_duplicate(name, key)
            seen.add(name)

    def note_duplicate(self, name: str, key: Node) -> None:
        if len(self.duplicates) < MOST_DUPLICATES:
            self.duplicates.append(Duplicate(name, *place(self.chunk, key.start_mark)))


def build(root: Node, chunk: Chunk) -> tuple[Value, list[Duplicate]]:
    """The value of a document and the keys given twice, the last of which won. Raises YamlError."""
    builder = _Builder(chunk, check_aliases(root, chunk))
    return builder.value(root, 0), builder.duplicates
