"""A light look at PromQL: which metrics, labels and functions an expression names, and that its brackets fit."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"[^"]*")
    | (?P<range>\[[^\]]*\])
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    | (?P<sign>==|!=|>=|<=|=~|!~|[-+*/%^<>=(){},])
    )""",
    re.VERBOSE,
)
_RANGE = re.compile(r"\[(\d+[smhd]|\$__rate_interval)\]")
AGGREGATIONS = frozenset(("sum", "min", "max", "avg", "count", "topk"))
OF_RANGE = frozenset(("rate", "increase", "min_over_time"))
OF_COUNTER = frozenset(("rate", "increase"))
FUNCTIONS = AGGREGATIONS | OF_RANGE | {"histogram_quantile", "absent", "time"}
PAIRS = {")": "(", "}": "{"}


@dataclass
class Selector:
    """A metric as an expression names it, with the labels that its matchers name and the function around it."""

    name: str
    matchers: dict[str, str] = field(default_factory=dict)
    around: str = ""
    has_range: bool = False


@dataclass
class Expression:
    """What an expression names. by: the labels of its aggregations."""

    selectors: list[Selector] = field(default_factory=list)
    by: list[tuple[str, ...]] = field(default_factory=list)


def tokens(text: str) -> list[tuple[str, str]]:
    """The tokens of an expression. Raises ValueError for what is none."""
    made: list[tuple[str, str]] = []
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise ValueError(f"no token at {text[place:]!r}")
        made.append((found.lastgroup, found[found.lastgroup]))
        place = found.end()
    return made


def parse_expression(text: str) -> Expression:
    """What an expression names. Raises ValueError for unknown functions and what does not fit together."""
    found = tokens(text)
    made = Expression()
    opened: list[tuple[str, str]] = []
    place = 0
    while place < len(found):
        kind, token = found[place]
        follows = found[place + 1][1] if place + 1 < len(found) else ""
        if kind == "name" and token == "by":
            end = found.index(("sign", ")"), place)
            made.by.append(tuple([name for one, name in found[place + 2 : end] if one == "name"]))
            place = end
        elif kind == "name" and (follows == "(" or follows == "by"):
            if token not in FUNCTIONS:
                raise ValueError(f"unknown function {token}")
            if follows == "by" and token not in AGGREGATIONS:
                raise ValueError(f"{token} does not aggregate")
        elif kind == "name":
            selector = Selector(token, around=opened[-1][1] if opened else "")
            if follows == "{":
                end = found.index(("sign", "}"), place)
                inner = found[place + 2 : end]
                while inner:
                    (_, label), (_, sign), (shape, value), *inner = inner
                    if sign not in ("=", "!=", "=~", "!~") or shape != "text":
                        raise ValueError(f"no matcher: {label}{sign}{value}")
                    selector.matchers[label] = value.strip('"')
                    if inner and inner.pop(0) != ("sign", ","):
                        raise ValueError("matchers without a comma")
                place = end
            if place + 1 < len(found) and found[place + 1][0] == "range":
                if not _RANGE.fullmatch(found[place + 1][1]):
                    raise ValueError(f"no range: {found[place + 1][1]}")
                selector.has_range = True
                place += 1
            made.selectors.append(selector)
        elif token in "({":
            before = found[place - 1] if place else ("", "")
            opened.append((token, before[1] if before[0] == "name" else ""))
        elif token in PAIRS:
            if not opened or opened.pop()[0] != PAIRS[token]:
                raise ValueError(f"{token} without its begin")
        elif kind == "range":
            raise ValueError("a range of nothing")
        place += 1
    if opened:
        raise ValueError("a bracket stays open")
    return made
