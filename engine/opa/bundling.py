"""What is pushed to an OPA server: modules below roots of their own, and the rule that dispatches a review to them.

Everything is named by a digest of its content. Whoever has the same policies finds them there already, and nobody's
change meets another's.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.opa.rerooting import Places, names_used, package_of, reroot
from lockgate.engine.opa.sharing import families
from lockgate.engine.record import record
from lockgate.engine.rego.source import Source

# All that is ours in a server lies below this package.
BASE: Final = "lockgate"
_DIGITS: Final = 32


@record
class Rules:
    """Rego that judges: the module with the rule, and the libraries that only it sees.

    rule: the rule's name in `entry`, whose members (or keys) are results.
    """

    entry: Source
    libs: tuple[Source, ...]
    rule: str = "violation"

    def digest(self) -> str:
        """SHA-256 (hex) over all texts and their versions."""
        parts = [self.rule, *[f"{one.version}\n{one.text}" for one in (self.entry, *self.libs)]]
        return _digest(*parts)


@record
class Call:
    """Rules with the parameters that they are asked with."""

    rules: Rules
    parameters: Value


@record
class PushedModule:
    """A module as OPA gets it: its id, its text, and the source that it was."""

    id: str
    text: str
    source: Source | None = None


@record
class Push:
    """All that a server must hold for some calls.

    modules: each needs at most those before it. query: the path of the dispatching rule below `data`, with `/`.
    names: of the calls, in the order that they were given in.
    """

    modules: tuple[PushedModule, ...]
    query: str
    names: tuple[str, ...]


def inventory_path(digest: str) -> str:
    """The path of an inventory below `data`, with dots; it is an object with the inventory under `objects`."""
    return f"{BASE}.i_{digest[:_DIGITS]}"


def make_push(calls: Sequence[Call], inventory: str | None) -> Push:
    """What a server must hold for the calls. inventory: the digest of the one that they read; None without one.

    Rules that carry copies of the same libraries have them once (`sharing`).
    """
    digests = [call.rules.digest() for call in calls]
    distinct = {digest: call.rules for digest, call in zip(digests, calls, strict=True)}
    rules = list(distinct.values())
    units: dict[str, _Unit] = {}
    modules: list[PushedModule] = []
    for family in families([(one.entry, one.libs) for one in rules]):
        root = _Root.of(family.libs, [rules[number] for number in family.members], inventory)
        modules += root.modules.values()
        for number in family.members:
            unit = root.unit(rules[number])
            units[rules[number].digest()] = unit
            modules.append(unit.module)
    rows = [units[digest].rows for digest in distinct]
    answers = [
        _answer(str(number), units[digest], call.parameters)
        for number, (digest, call) in enumerate(zip(digests, calls, strict=True))
    ]
    body = "\n".join([*rows, *answers])
    name = f"d_{_digest(body, *[module.text for module in modules])}"
    dispatch = PushedModule(f"{BASE}/{name}", f"package {BASE}.{name}\n\nimport rego.v1\n\n{body}")
    numbers = tuple([str(number) for number in range(len(calls))])
    return Push((*modules, dispatch), f"{BASE}/{name}/answers", numbers)


@record
class _Unit:
    """Rules below a root. rows: the text of the rule that lists their results; guards: true while all is there."""

    name: str
    module: PushedModule
    rows: str
    guards: tuple[str, ...]
    uses_clock: bool


@record
class _Root:
    """What rules with libraries in common lie below. modules: the libraries, by text and version.

    marks: what each of them says that it is there. inventory: where it is, if any of the rules reads it.
    """

    path: str
    modules: dict[tuple[str, str], PushedModule]
    marks: dict[tuple[str, str], str]
    inventory: str | None

    @classmethod
    def of(cls, libs: Sequence[Source], members: Sequence[Rules], inventory: str | None) -> "_Root":
        reads = any("inventory" in names_used(lib) for lib in libs)
        # Rules without libraries have nothing in common with others.
        parts = [f"{lib.version}\n{lib.text}" for lib in libs] or [members[0].digest()]
        digest = _digest(*parts, (inventory or "") if reads else "")
        path = f"{BASE}.t_{digest}"
        place = None if inventory is None else f"{inventory_path(inventory)}.objects"
        modules: dict[tuple[str, str], PushedModule] = {}
        marks: dict[tuple[str, str], str] = {}
        for number, source in enumerate(libs):
            text = reroot(source, Places(path, None, place if reads else None))
            module, mark = _marked(
                f"{BASE}/t_{digest}/{number}", text, source, f"{path}.{package_of(source)}"
            )
            modules[source.text, source.version] = module
            marks[source.text, source.version] = mark
        return cls(path, modules, marks, place)

    def unit(self, rules: Rules) -> _Unit:
        """The rules below the root. They read the inventory only where they or their libraries name it."""
        words = _words(rules)
        place = self.inventory if "inventory" in words else None
        digest = _digest(rules.digest(), self.path, place or "")
        package = f"template_{digest}"
        text = reroot(rules.entry, Places(self.path, package, place))
        id = f"{self.path.replace('.', '/')}/{package}"
        module, mark = _marked(id, text, rules.entry, f"{self.path}.{package}")
        present = [] if place is None else [f"data.{place.removesuffix('.objects')}.present"]
        own = [self.marks[key] for key in dict.fromkeys((lib.text, lib.version) for lib in rules.libs)]
        rows = f"rows_{digest} := [result | data.{self.path}.{package}.{rules.rule}[result]]\n"
        return _Unit(digest, module, rows, (*present, *own, mark), "now_ns" in words)


def _marked(id: str, text: str, source: Source, package: str) -> tuple[PushedModule, str]:
    """The module, and the rule in it that says that it is there: one that is gone would only have nothing to say."""
    mark = f"present_{_digest(text)}"
    return PushedModule(id, f"{text}\n\n{mark} = true\n", source), f"data.{package}.{mark}"


def _words(rules: Rules) -> frozenset[str]:
    return frozenset().union(*[names_used(source) for source in (rules.entry, *rules.libs)])


def _answer(name: str, unit: _Unit, parameters: Value) -> str:
    given = f'{{"review": input.review, "parameters": {render_json(parameters)}}}'
    clock = " with time.now_ns as input.now_ns" if unit.uses_clock else ""
    lines = [
        f'input.wanted["{name}"]',
        *unit.guards,
        f"rows := rows_{unit.name} with input as {given}{clock}",
    ]
    return f'answers["{name}"] := rows if {{\n' + "".join([f"\t{line}\n" for line in lines]) + "}\n"


def make_input(review: Mapping[str, Value], wanted: Sequence[str], now_ns: int) -> str:
    """The body of the query for a review: the names of the calls that are wanted."""
    names: dict[str, Value] = dict.fromkeys(wanted, True)
    return render_json({"input": {"review": dict(review), "wanted": names, "now_ns": now_ns}})


def _digest(*parts: str) -> str:
    made = sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        made.update(len(data).to_bytes(8, "big") + data)
    return made.hexdigest()[:_DIGITS]
