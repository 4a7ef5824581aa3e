"""`lockgate scan resolve`: which bytes references to models name, or why none and what to do."""

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click
from lockgate.webhook.audit_options import FORMAT, OUTPUT

if TYPE_CHECKING:
    from lockgate.webhook.references.resolution import Resolution
    from lockgate.webhook.references.resolving import Resolvers

_EPILOG: Final = "Exit codes: 0 every reference names its bytes; 1 some do not; 2 unreadable, or wrong usage."


@click.command(epilog=_EPILOG)
@click.argument("references", nargs=-1, required=True, metavar="REFERENCE...")
@click.option(
    "--online",
    metavar="FILE",
    help="A resolvers.toml of your own: ask the servers that it names, and no others.",
)
@FORMAT
@OUTPUT
def resolve(references: tuple[str, ...], online: str | None, chosen: str, output: str | None) -> int:
    """Tell which bytes references name: hf://…, oci://…, s3://…, models:/…, as workloads write them.

    Without --online nobody is asked: a reference resolves by what it says. Where it names no bytes, what to do is told.

    \b
    Examples:
      lockgate scan resolve hf://example/fraud:main oci://registry.example.com/ml/fraud:1
      lockgate scan resolve s3://models/fraud/12 --format json
      lockgate scan resolve models:/fraud@champion --online resolvers.toml
    """
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.references.reference import read_references
    from lockgate.webhook.references.resolution import Resolved
    from lockgate.webhook.references.resolving import MAX_REFERENCES, offline_resolvers
    from lockgate.webhook.references.resolving import resolve as resolve_reference

    if len(references) > MAX_REFERENCES:
        raise UsageError(f"there are more than {MAX_REFERENCES} references", hint="resolve some at a time")
    read = read_references(references)
    resolvers = offline_resolvers() if online is None else _online(online)
    found = [resolve_reference(read[one], resolvers) for one in dict.fromkeys(references)]
    _write(found, chosen, output)
    return 0 if all(isinstance(one.end, Resolved) for one in found) else 1


def _online(path: str) -> "Resolvers":
    from lockgate.webhook.extras import require_facts

    require_facts()
    from lockgate.webhook.references.config import read_resolvers

    return read_resolvers(path)


def _write(found: "list[Resolution]", chosen: str, output: str | None) -> None:
    from lockgate.webhook.output import write_output
    from lockgate.webhook.references.render import resolution_text, resolution_value
    from lockgate.webhook.terminal import Palette, choose_palette

    if chosen == "json":
        values: list[dict[str, Any]] = [resolution_value(one) for one in found]
        write_output(json.dumps({"schemaVersion": 1, "references": values}, indent=2) + "\n", output)
        return
    palette = Palette(False) if output is not None else choose_palette("auto", sys.stdout)
    write_output("".join([resolution_text(one, palette) for one in found]), output)
