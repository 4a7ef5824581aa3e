"""Chat templates: parsed as Jinja does, never rendered; what may be read, called and applied is a list.

A template that reaches Python is code of the model's author (CVE-2024-34359). Jinja finds attributes by names and by
subscripts alike; to run anything it must call, so that what may be called is the boundary. Fields of a message
may be called as they like, but for names that begin with an underscore.
"""

from typing import TYPE_CHECKING

from lockgate.engine.facts.findings import Severity
from lockgate.engine.facts.scan import Scan

if TYPE_CHECKING:
    import jinja2.nodes
    from jinja2 import nodes

# The longest that is known is some twenty kilobytes.
TEMPLATE_BYTES = 1 << 20
# A context of a million tokens has fewer messages.
_MOST_ROUNDS = 100_000

_CALLS = frozenset({
    "range", "dict", "namespace", "cycler", "joiner", "raise_exception", "strftime_now", "caller", "loop", "super",
})  # fmt: skip
_METHODS = frozenset({
    "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "replace", "startswith", "endswith", "upper", "lower",
    "title", "capitalize", "find", "rfind", "index", "count", "join", "isdigit", "isalpha", "isspace", "isupper", "islower",
    "removeprefix", "removesuffix", "partition", "rpartition", "zfill", "items", "keys", "values", "get", "append",
    "extend", "pop", "insert", "update", "copy", "reverse", "strftime", "isoformat", "cycle", "changed", "next", "bit_length",
})  # fmt: skip
_FILTERS = frozenset({
    "abs", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape", "first", "float",
    "forceescape", "format", "groupby", "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min",
    "random", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "slice", "sort",
    "string", "striptags", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount",
    "wordwrap", "pprint", "filesizeformat", "from_json", "fromjson",
})  # fmt: skip
# They apply another filter, or a test, by its name.
_APPLYING = frozenset({"map", "select", "reject", "selectattr", "rejectattr"})
# Their arguments name attributes.
_READING = frozenset(
    {"map", "selectattr", "rejectattr", "groupby", "sort", "min", "max", "sum", "unique", "join"}
)
_TESTS = frozenset({
    "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "==", "escaped", "even", "false", "filter", "float",
    "ge", ">=", "gt", ">", "greaterthan", "in", "integer", "iterable", "le", "<=", "lower", "lt", "<", "lessthan", "mapping", "ne",
    "!=", "none", "number", "odd", "sameas", "sequence", "string", "test", "true", "undefined", "upper", "contains",
})  # fmt: skip


_UNPARSED: tuple[str, Severity, str] = (
    "template-unreadable",
    "unreadable",
    "it is no Jinja that can be parsed",
)


def check_text(scan: Scan, name: str, text: str, offset: int | None) -> None:
    """Judges a text that a library may render: one that holds marks of Jinja. `name` is the key, or the file.

    A text whose name tells that it is no template is one only if it can be parsed as one.
    """
    if not (("{{" in text and "}}" in text) or ("{%" in text and "%}" in text)):
        return
    named = "template" in name or name.endswith((".jinja", ".jinja2", ".j2"))
    problems = _problems(text)
    if problems is None and not named:
        return
    if problems is None:
        problems = [_UNPARSED]
    if not named and not problems:
        return
    scan.add_template(name[:200], tuple(sorted({detail for _, _, detail in problems})))
    for rule, tier, detail in problems:
        scan.find(rule, tier, f"{name[:80]}: {detail}", offset)


def _problems(text: str) -> list[tuple[str, Severity, str]] | None:
    """What is wrong with a template; None when it is none."""
    try:
        from lockgate.engine.facts.jinja_syntax import parse_template
    except ImportError:
        detail = "templates are not judged without Jinja: install lockgate[models]"
        return [("template-unvetted", "unvetted", detail)]
    if len(text) > TEMPLATE_BYTES:
        return [("template-unreadable", "unreadable", f"a template of more than {TEMPLATE_BYTES} characters")]
    tree = parse_template(text)
    if tree is None:
        return None
    judge = _Judge(tree)
    judge.walk()
    return judge.problems


class _Judge:
    def __init__(self, tree: "nodes.Template") -> None:
        from jinja2 import nodes

        self._nodes = nodes
        self._tree = tree
        self.problems: list[tuple[str, Severity, str]] = []
        self._macros = {macro.name for macro in tree.find_all(nodes.Macro)}
        self._assigned = {name.name for name in tree.find_all(nodes.Name) if name.ctx in ("store", "param")}

    def _unsafe(self, line: int, detail: str) -> None:
        self.problems.append(("template-unsafe", "unsafe", f"{detail} (line {line})"))

    def _unvetted(self, line: int, detail: str) -> None:
        self.problems.append(("template-unvetted", "unvetted", f"{detail} (line {line})"))

    def walk(self) -> None:
        """Judges each node: those that name, those that call, those that read other templates."""
        nodes = self._nodes
        # Without recursion, which a deep template would exhaust.
        pending: list[jinja2.nodes.Node] = [self._tree]
        while pending:
            node = pending.pop()
            pending.extend(node.iter_child_nodes())
            if isinstance(node, nodes.Getattr):
                self._attribute(node.lineno, node.attr)
            elif isinstance(node, nodes.Getitem):
                self._subscript(node)
            elif isinstance(node, nodes.Call):
                self._call(node)
            elif isinstance(node, nodes.Filter):
                self._filter(node)
            elif isinstance(node, nodes.Test):
                if node.name not in _TESTS:
                    self._unvetted(node.lineno, f"the test {node.name[:60]!r} is not known")
            elif isinstance(node, nodes.Name):
                if (
                    node.name.startswith("_")
                    and node.ctx == "load"
                    and node.name not in self._assigned | self._macros
                ):
                    self._unsafe(node.lineno, f"it reads the name {node.name[:60]!r}")
            elif isinstance(node, nodes.Keyword):
                self._attribute(node.lineno, node.key)
            elif isinstance(node, (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)):
                self._unsafe(node.lineno, "it reads other templates")

    def _attribute(self, line: int, name: str) -> None:
        if name.startswith("_"):
            self._unsafe(line, f"it reaches {name[:60]!r}")

    def _subscript(self, node: "nodes.Getitem") -> None:
        nodes = self._nodes
        key = node.arg
        if isinstance(key, nodes.Const):
            if isinstance(key.value, str) and key.value.startswith("_"):
                self._unsafe(node.lineno, f"it reaches {key.value[:60]!r}")
        elif any(self._makes_text(part) for part in (key, *key.find_all(nodes.Expr))):
            self._unvetted(node.lineno, "a subscript is put together from texts")

    def _makes_text(self, node: "nodes.Node") -> bool:
        nodes = self._nodes
        if isinstance(node, (nodes.Concat, nodes.Mod)):
            return True
        if isinstance(node, nodes.Filter):
            return node.name not in (
                "length",
                "count",
                "int",
                "first",
                "last",
                "string",
                "lower",
                "trim",
                "default",
            )
        return isinstance(node, nodes.Const) and isinstance(node.value, str) and node.value.startswith("_")

    def _call(self, node: "nodes.Call") -> None:
        nodes = self._nodes
        callee = node.node
        if isinstance(callee, nodes.Getattr):
            if callee.attr not in _METHODS:
                self._unvetted(node.lineno, f"it calls {callee.attr[:60]!r}, which is not on the list")
        elif isinstance(callee, nodes.Name):
            name = callee.name
            if name in self._assigned:
                self._unsafe(node.lineno, f"it calls {name[:60]!r}, a value that it was given")
            elif name not in self._macros and name not in _CALLS:
                self._unvetted(node.lineno, f"it calls {name[:60]!r}, which is not on the list")
        else:
            self._unsafe(node.lineno, "it calls what an expression yields")
        rounds = node.args[0] if node.args else None
        if isinstance(rounds, nodes.Const) and isinstance(rounds.value, int) and rounds.value > _MOST_ROUNDS:
            self._unvetted(node.lineno, f"it counts to {rounds.value}")

    def _filter(self, node: "nodes.Filter") -> None:
        nodes = self._nodes
        if node.name == "attr":
            self._unsafe(node.lineno, "the filter 'attr' reads any attribute")
        elif node.name not in _FILTERS:
            self._unvetted(node.lineno, f"the filter {node.name[:60]!r} is not known")
        if node.name in _APPLYING and node.args:
            self._applied(node.lineno, node.args[0] if node.name in ("map", "select", "reject") else None)
        if node.name in _READING:
            named = [word.value for word in node.kwargs if word.key == "attribute"]
            for argument in (*node.args[:1], *named):
                if not isinstance(argument, nodes.Const):
                    self._unvetted(
                        node.lineno, f"the filter {node.name!r} is told an attribute that is computed"
                    )
                elif (
                    isinstance(argument.value, str)
                    and any(part.startswith("_") for part in argument.value.replace(",", ".").split("."))
                    and node.name != "join"
                ):
                    self._unsafe(node.lineno, f"it reaches {argument.value[:60]!r}")

    def _applied(self, line: int, argument: "nodes.Expr | None") -> None:
        if argument is None:
            return
        if not isinstance(argument, self._nodes.Const):
            self._unvetted(line, "it applies a filter whose name is computed")
        elif argument.value not in _FILTERS | _TESTS:
            self._unsafe(line, f"it applies {str(argument.value)[:60]!r}")
