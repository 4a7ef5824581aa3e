"""Promotions as people read them."""

from collections.abc import Iterator

from lockgate.audit.promotions.statement import PromotionStatement
from lockgate.engine.promotions.asking import Missing
from lockgate.webhook.promoting.desk import Standing
from lockgate.webhook.terminal import printable


def statement_lines(statement: PromotionStatement, digest: str) -> Iterator[str]:
    """All that a statement says: what is approved is what is shown."""
    to = statement.to
    place = "".join(
        [
            f", {name} {value}"
            for name, value in (("cluster", to.cluster), ("namespace", to.namespace))
            if value
        ]
    )
    yield f"{statement.happening} of {statement.model} {statement.version}".rstrip()
    yield f"  bytes       {statement.subject}"
    yield f"  reference   {statement.reference}"
    yield f"  to          {to.environment}{place}" + (
        f", from {statement.source}" if statement.source else ""
    )
    for one in statement.serving:
        yield f"  runs in     {one.shown}"
    for flag in statement.flags:
        yield f"  brings code {flag}"
    for used in statement.evidence:
        values = ", ".join([f"{name} {value}" for name, value in sorted(used.values.items())])
        yield (
            f"  evidence    {used.kind} of {used.at}"
            + (f": {values}" if values else "")
            + ("" if used.passed else ", which did not pass")
        )
    for name, value in sorted(statement.change.items()):
        yield f"  {name:<12}{value}"
    for name, link in (("rests on", statement.predecessor), ("back to", statement.target)):
        if link is not None:
            yield f"  {name:<12}entry {link[1]} of {link[0]}"
    yield f"  policy      {statement.policy[0]} {statement.policy[1]}"
    yield f"  asked by    {statement.requester}, {statement.made_at}"
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
