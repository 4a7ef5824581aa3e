"""The fifteen questions, guided: a form for what each needs, and its answer with what of it is proven."""

from dataclasses import replace
from typing import Any, Final

from lockgate.audit.errors import FormatError
from lockgate.audit.pages.facts import answer_value, as_of_value
from lockgate.audit.pages.site import Asked, NoPageError, Site, View
from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.answers.catalogue import QUESTIONS, answer
from lockgate.audit.query.errors import QuestionError
from lockgate.audit.times import parse_time, render_time

# Lines on a page, and in its JSON; the API and `lockgate audit query` have all.
MAX_LINES: Final = 150
# Questions that read each decision of the time in question: without one it is the last so many days.
_READING: Final = frozenset(("a3", "a6", "a7"))
_DAYS: Final = 30
_DAY_MS: Final = 86_400_000
_MOST: Final = 1_000_000
_LONGEST: Final = 15


def number_of(asked: Asked, name: str, default: int | None) -> int | None:
    """A parameter that is a number. Raises QuestionError."""
    text = asked.text(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
        raise QuestionError(f"{name} is no number: {text[:40]!r}", field=name)
    return int(text)


def time_of(asked: Asked, name: str) -> int | None:
    """A parameter that is a day or a time, in UTC. Raises QuestionError."""
    text = asked.text(name)
    if not text:
        return None
    whole = {10: f"{text}T00:00:00.000Z", 16: f"{text}:00.000Z", 19: f"{text}.000Z"}.get(len(text), text)
    if len(whole) == 20 and whole.endswith("Z"):
        whole = f"{whole[:-1]}.000Z"
    try:
        return parse_time(whole)
    except FormatError:
        raise QuestionError(
            f"{name} is no day or time: {text[:40]!r}",
            field=name,
            hint="such as 2026-07-01, or 2026-07-01T12:00:00Z",
        ) from None


def given_of(site: Site, asked: Asked) -> Given:
    """What a question is asked with. Raises QuestionError."""
    given = Given(
        model=asked.text("model"),
        environment=asked.text("environment"),
        since_ms=time_of(asked, "since"),
        until_ms=time_of(asked, "until"),
        at_ms=time_of(asked, "at"),
        entry=number_of(asked, "entry", None),
        subject=_digest(asked.text("subject")),
        policy=asked.text("policy"),
        approver=person_of(site, asked.text("approver")),
        requester=person_of(site, asked.text("requester")),
        days=_bounded(asked, "days", 30),
        hours=_bounded(asked, "hours", 24),
        count=_bounded(asked, "count", 25),
        seed=number_of(asked, "seed", 0) or 0,
    )
    if given.since_ms is not None and given.until_ms is not None and given.until_ms <= given.since_ms:
        raise QuestionError("the time ends before it begins", field="until")
    return given


def person_of(site: Site, text: str) -> str:
    """What stands for a person who is named, for whom may know; a pseudonym as it is."""
    return site.names.person(text) if "@" in text and site.names is not None else text


def _digest(text: str) -> str:
    return f"sha256:{text}" if len(text) == 64 and all(one in "0123456789abcdef" for one in text) else text


def _bounded(asked: Asked, name: str, default: int) -> int:
    found = number_of(asked, name, default)
    assert found is not None
    if found > _MOST:
        raise QuestionError(f"{name} is too large", field=name)
    return found


def questions(site: Site, asked: Asked) -> View:
    """All of them."""
    engine = site.engine
    data = {
        "asOf": as_of_value(engine.as_of(engine.size)),
        "questions": [
            {"number": one.number, "text": one.text, "needs": list(one.needs), "opens": one.opens}
            for one in QUESTIONS.values()
        ],
    }
    return View("questions.html", "Questions", data)


def question(site: Site, asked: Asked, number: str) -> View:
    """One of them, with its answer where all that it needs is given. Raises NoPageError."""
    found = QUESTIONS.get(number)
    if found is None:
        raise NoPageError(f"there is no question {number[:20]!r}", hint="there are a1 to a15")
    given = given_of(site, asked)
    told = {name: asked.text(name) for name in found.needs}
    if number in _READING and given.since_ms is None and given.until_ms is None:
        since_ms = max(0, site.now_ms - _DAYS * _DAY_MS)
        since_ms -= since_ms % _DAY_MS
        given = replace(given, since_ms=since_ms)
        told["since"] = render_time(since_ms)[:10]
    data: dict[str, Any] = {
        "asOf": as_of_value(site.engine.as_of(site.engine.size)),
        "number": number,
        "text": found.text,
        "needs": list(found.needs),
        "given": told,
        "answer": None,
        "sealed": found.opens and site.opener is None,
    }
    if number == "a12" and given.entry is None:
        return View("question.html", f"{number.upper()}: {found.text}", data)
    value = answer_value(answer(number, site.engine, given, site.opener))
    value["count"] = len(value["lines"])
    value["lines"] = value["lines"][:MAX_LINES]
    # Columns that have nothing to show, such as names that are masked.
    value["empty"] = [
        name for name in value["columns"] if all(one[name] in ("", None, ()) for one in value["lines"])
    ]
    data["answer"] = value
    return View("question.html", f"{number.upper()}: {found.text}", data)
