"""Promotions as people read them."""

import json
import re
from collections.abc import Iterator
from typing import Final

from lockgate.audit.promotions.statement import PromotionStatement
from lockgate.engine.promotions.asking import Missing
from lockgate.webhook.promoting.desk import Standing
from lockgate.webhook.terminal import printable

_WORD: Final = re.compile(r"[!#-+\--~]+")  # No quote, no comma.


def _shown(text: str) -> str:
    """A text of a statement, quoted where it is more than a word: nothing in it looks like another line, however wide the terminal is."""
    return text if _WORD.fullmatch(text) else re.sub("(?<= ) ", r"\\u0020", json.dumps(text))


def _words(*texts: str) -> str:
    return " ".join([_shown(one) for one in texts])


def statement_lines(statement: PromotionStatement, digest: str) -> Iterator[str]:
    """All that a statement says, so that no two have the same lines: what is approved is what is shown."""
    to = statement.to
    place = "".join(
        [
            f", {name} {_shown(value)}"
            for name, value in (("cluster", to.cluster), ("namespace", to.namespace))
            if value
        ]
    )
    version = (statement.version,) if statement.version else ()
    yield f"{statement.happening} of {_words(statement.model, *version)}"
    yield f"  bytes       {statement.subject}"
    yield f"  reference   {_shown(statement.reference)}"
    yield f"  to          {_shown(to.environment)}{place}" + (
        f", from {_shown(statement.source)}" if statement.source else ""
    )
    for one in statement.serving:
        yield f"  runs in     {_words(one.kind, one.key, *(one.version,) if one.version else ())}"
    for flag in statement.flags:
        yield f"  brings code {_shown(flag)}"
    for used in statement.evidence:
        values = ", ".join([f"{_shown(name)} {value}" for name, value in sorted(used.values.items())])
        yield (
            f"  evidence    {_shown(used.kind)} of {used.at}"
            + (f": {values}" if values else "")
            + ("" if used.passed else ", which did not pass")
            + f", in {used.envelope}"
        )
    for name, value in sorted(statement.change.items()):
        yield f"  change      {_words(name, value)}"
    for name, link in (("rests on", statement.predecessor), ("back to", statement.target)):
        if link is not None:
            yield f"  {name:<12}entry {link[1]} of {_shown(link[0])}"
    yield f"  policy      {_shown(statement.policy[0])} {statement.policy[1]}"
    yield f"  asked by    {_shown(statement.requester)}, {statement.made_at}, nonce {_shown(statement.nonce)}"
    yield f"  statement   {digest}"


def statement_text(statement: PromotionStatement, digest: str) -> str:
    """The lines, printable."""
    return "\n".join([printable(line) for line in statement_lines(statement, digest)])


def missing_lines(missing: tuple[Missing, ...]) -> Iterator[str]:
    """What is missing, each with what supplies it."""
    for one in missing:
        yield printable(f"missing: {one.message}")
        yield printable(f"  {one.fix}")


def standing_lines(standing: Standing) -> Iterator[str]:
    """Where a request stands."""
    for one in standing.counted:
        yield printable(f"approved by {one.person.name} ({one.assurance}), entry {one.index}")
    for index, why in standing.uncounted:
        yield printable(f"does not count: the approval of entry {index}: {why}")
    yield from missing_lines(standing.missing)


def missing_values(missing: tuple[Missing, ...]) -> list[dict[str, str]]:
    """What is missing, for programs."""
    return [{"what": one.what, "message": one.message, "fix": one.fix} for one in missing]
