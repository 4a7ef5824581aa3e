"""The mapping of controls (`controls.toml`): by which questions a trail supports each, and what it says nothing of."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from lockgate.audit.errors import FormatError
from lockgate.audit.query.answers.catalogue import QUESTIONS

FILE: Final = Path(__file__).parent / "controls.toml"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.() -]{0,39}")
_MAX_TEXT: Final = 400
# What a pack says while nobody has compared the numbers with the texts.
OPEN: Final = "The numbers of controls were not compared with the texts of the standards: a person who has these has to review them."


@dataclass(frozen=True, slots=True)
class Control:
    """A control, by its number. questions: of the fifteen, by which the trail shows what it supports."""

    number: str
    about: str
    supports: str
    does_not: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Framework:
    """A standard, a law, or a guide, with some of its controls."""

    identifier: str
    name: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class ControlMapping:
    """All of it. reviewed: who compared the numbers with the texts, and when; "" while nobody has."""

    frameworks: tuple[Framework, ...]
    reviewed: str

    @property
    def review(self) -> str:
        """What to say of its numbers."""
        return f"The numbers of controls were reviewed: {self.reviewed}." if self.reviewed else OPEN


@lru_cache(maxsize=1)
def shipped_controls() -> "ControlMapping":
    """The mapping that comes with Lockgate."""
    return parse_controls(FILE.read_bytes(), FILE.name)


def parse_controls(data: bytes, where: str) -> ControlMapping:
    """A mapping from its TOML. Raises FormatError, which names the framework and the control."""
    try:
        value = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(f"{where} is no TOML: {error}") from None
    _known(value, {"review", "framework"}, where)
    review = _table(value.get("review"), f"{where}: review")
    _known(review, {"by", "at"}, f"{where}: review")
    by, at = [_text(review, name, f"{where}: review", may_be_empty=True) for name in ("by", "at")]
    if bool(by) != bool(at):
        raise FormatError(f"{where}: review: a review has who did it, and when")
    frameworks = tuple([_framework(one, where) for one in _list(value, "framework", where)])
    if len({one.identifier for one in frameworks}) != len(frameworks):
        raise FormatError(f"{where}: a framework is there twice")
    return ControlMapping(frameworks, f"{by}, {at}" if by else "")


def _framework(value: object, where: str) -> Framework:
    table = _table(value, f"{where}: framework")
    identifier = _identifier(table, f"{where}: framework")
    place = f"{where}: {identifier}"
    _known(table, {"id", "name", "control"}, place)
    controls = tuple([_control(one, place) for one in _list(table, "control", place)])
    if len({one.number for one in controls}) != len(controls):
        raise FormatError(f"{place}: a control is there twice")
    return Framework(identifier, _text(table, "name", place), controls)


def _control(value: object, where: str) -> Control:
    table = _table(value, f"{where}: control")
    number = _identifier(table, f"{where}: control")
    place = f"{where}, {number}"
    _known(table, {"id", "about", "supports", "not", "questions"}, place)
    questions = tuple([str(one) for one in _list(table, "questions", place)])
    foreign = [one for one in questions if one not in QUESTIONS]
    if foreign:
        raise FormatError(f"{place}: there is no question {foreign[0][:20]!r}", hint="a1 to a15")
    about, supports, does_not = [_text(table, name, place) for name in ("about", "supports", "not")]
    return Control(number, about, supports, does_not, questions)


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"{where} is no table")
    return value


def _list(table: Mapping[str, Any], name: str, where: str) -> list[object]:
    found = table.get(name)
    if not isinstance(found, list) or not found:
        raise FormatError(f"{where}: {name} is a list of at least one")
    return found


def _known(table: Mapping[str, Any], names: set[str], where: str) -> None:
    foreign = sorted(table.keys() - names)
    if foreign:
        raise FormatError(f"{where}: there is no {foreign[0][:40]!r} here")


def _text(table: Mapping[str, Any], name: str, where: str, may_be_empty: bool = False) -> str:
    found = table.get(name)
    if not isinstance(found, str) or len(found) > _MAX_TEXT or not (found or may_be_empty):
        raise FormatError(f"{where}: {name} is text of at most {_MAX_TEXT} characters")
    return found


def _identifier(table: Mapping[str, Any], where: str) -> str:
    found = _text(table, "id", where)
    if not _ID.fullmatch(found):
        raise FormatError(f"{where}: {found[:40]!r} is no number of a control")
    return found
