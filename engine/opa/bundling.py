"""What is pushed to an OPA server: modules below roots of their own, and the rule that dispatches a review to them.

Everything is named by a digest of its content. Whoever has the same policies finds them there already, and nobody's
change meets another's.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.opa.rerooting import Places, names_used, package_of, reroot
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
    """What a server must hold for the calls. inventory: the digest of the one that they read; None without one."""
    units: dict[str, _Unit] = {}
    rows: list[str] = []
    answers: list[str] = []
    for number, call in enumerate(calls):
        digest = call.rules.digest()
        unit = units.get(digest)
        if unit is None:
            unit = units[digest] = _unit(call.rules, digest, inventory)
            rows.append(unit.rows)
        answers.append(_answer(str(number), unit, call.parameters))
    texts = [module.text for unit in units.values() for module in unit.modules]
    body = "\n".join([*rows, *answers])
    name = f"d_{_digest(body, *texts)}"
    dispatch = PushedModule(f"{BASE}/{name}", f"package {BASE}.{name}\n\nimport rego.v1\n\n{body}")
    modules = [module for unit in units.values() for module in unit.modules]
    numbers = tuple([str(number) for number in range(len(calls))])
    return Push((*modules, dispatch), f"{BASE}/{name}/answers", numbers)


@record
class _Unit:
    """Rules below a root. rows: the text of the rule that lists their results; guards: true while all is there."""

    name: str
    modules: tuple[PushedModule, ...]
    rows: str
    guards: tuple[str, ...]
    uses_clock: bool


def _unit(rules: Rules, digest: str, inventory: str | None) -> _Unit:
    reads = "inventory" in _words(rules)
    digest = _digest(digest, inventory or "") if reads else digest
    root = f"{BASE}.t_{digest}"
    place = f"{inventory_path(inventory)}.objects" if reads and inventory is not None else None
    modules: list[PushedModule] = []
    guards: list[str] = (
        [] if place is None or inventory is None else [f"data.{inventory_path(inventory)}.present"]
    )
    # Libraries with one text are one module.
    libs = {(source.text, source.version): source for source in rules.libs}
    for number, source in enumerate([*libs.values(), rules.entry]):
        package = "template" if source is rules.entry else None
        text = reroot(source, Places(root, package, place))
        # A module that is gone would only have nothing to say: each says that it is there.
        mark = f"present_{_digest(text)}"
        guards.append(f"data.{root}.{package or package_of(source)}.{mark}")
        modules.append(PushedModule(f"{BASE}/t_{digest}/{number}", f"{text}\n\n{mark} = true\n", source))
    rows = f"rows_{digest} := [result | data.{root}.template.{rules.rule}[result]]\n"
    return _Unit(digest, tuple(modules), rows, tuple(guards), "now_ns" in _words(rules))


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
