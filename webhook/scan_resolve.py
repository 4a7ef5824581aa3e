"""`lockgate scan resolve`: which bytes references to models name, or why none and what to do."""

import json
import os
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import click
from lockgate.engine.record import record
from lockgate.webhook.audit_options import FORMAT, LOG_KEYS, OUTPUT

if TYPE_CHECKING:
    from lockgate.audit.keys.pem_key import PemKey
    from lockgate.webhook.references.resolution import Resolution, Resolver
    from lockgate.webhook.references.resolving import Resolvers

_EPILOG: Final = "Exit codes: 0 every reference names its bytes; 1 some do not; 2 unreadable, or wrong usage."


@click.command(epilog=_EPILOG)
@click.argument("references", nargs=-1, metavar="[REFERENCE...]")
@click.option(
    "--manifests",
    "files",
    multiple=True,
    metavar="FILE",
    help="Rendered manifests: the models that their objects load are resolved too; may be repeated.",
)
@click.option(
    "--online",
    metavar="FILE",
    help="A resolvers.toml of your own: ask the servers that it names, and no others.",
)
@click.option(
    "--resolutions",
    "paths",
    multiple=True,
    metavar="PATH",
    help="What producers signed that references are (*.resolution.dsse.json), by --trust; files or folders, may be repeated.",
)
@click.option("--trust", metavar="FILE", help="Whose word counts: a facts-trust.toml of your own.")
@click.option("--environment", default="", metavar="NAME", help="Where the models are to run.")
@LOG_KEYS
@click.option(
    "--sign",
    "key_file",
    metavar="PEM",
    help="Sign what servers said, with this private key (P-256 or Ed25519).",
)
@click.option("--signed", metavar="FILE", help="Where that goes: its name ends in .resolution.dsse.json.")
@FORMAT
@OUTPUT
def resolve(
    references: tuple[str, ...],
    files: tuple[str, ...],
    online: str | None,
    paths: tuple[str, ...],
    trust: str | None,
    environment: str,
    log_keys: tuple[str, ...],
    key_file: str | None,
    signed: str | None,
    chosen: str,
    output: str | None,
) -> int:
    """Tell which bytes references name: hf://…, oci://…, s3://…, models:/…, as workloads write them.

    Without --online nobody is asked: a reference resolves by what it says, and by what trusted producers signed. Where it
    names no bytes, what to do is told. What is signed goes where signed facts go (--model-facts), for the rules on models.

    \b
    Examples:
      lockgate scan resolve hf://example/fraud:main oci://registry.example.com/ml/fraud:1
      lockgate scan resolve --manifests rendered.yaml --online resolvers.toml
      lockgate scan resolve models:/fraud/3 --online resolvers.toml --sign ci.pem --signed fraud.resolution.dsse.json
    """
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.references.reference import read_references
    from lockgate.webhook.references.resolution import Resolved
    from lockgate.webhook.references.resolving import MAX_REFERENCES
    from lockgate.webhook.references.resolving import resolve as resolve_reference

    places = _places(files) if files else {}
    wanted = [*dict.fromkeys([*references, *places])]
    if not wanted:
        raise UsageError("no reference is given", hint="name references, or --manifests FILE")
    if len(wanted) > MAX_REFERENCES:
        raise UsageError(f"there are more than {MAX_REFERENCES} references", hint="resolve some at a time")
    key = _key(key_file, signed)
    resolvers = _resolvers(online, _Signed(paths, trust, environment, log_keys))
    read = read_references(wanted)
    found = [resolve_reference(read[one], resolvers) for one in wanted]
    _write(found, places, chosen, output)
    if key is not None and signed is not None:
        _sign(found, key, signed)
    return 0 if all(isinstance(one.end, Resolved) for one in found) else 1


def _places(files: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Where manifests name which reference."""
    from lockgate.webhook.references.using import references_in

    return {one.uri: one.places for one in references_in(files)}


@record
class _Signed:
    """What producers signed, and whose word of it counts."""

    paths: tuple[str, ...]
    trust: str | None
    environment: str
    log_keys: tuple[str, ...]


def _key(key_file: str | None, signed: str | None) -> "PemKey | None":
    from lockgate.engine.errors import UsageError

    if key_file is None and signed is None:
        return None
    if key_file is None or signed is None:
        raise UsageError(
            "--sign and --signed belong together", hint="--sign KEY.pem --signed NAME.resolution.dsse.json"
        )
    from lockgate.webhook.extras import require_facts

    require_facts()
    from lockgate.webhook.references.signed import SUFFIX, is_resolution_file
    from lockgate.webhook.scanning.reading import read_signing_pem

    if not is_resolution_file(signed):
        raise UsageError(
            f"resolutions are told by the name of their file, which ends in {SUFFIX}",
            hint="--signed NAME.resolution.dsse.json",
        )
    return read_signing_pem(key_file)


def _resolvers(online: str | None, signed: _Signed) -> "Resolvers":
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.references.resolving import offline_resolvers

    if not signed.paths and (signed.trust is not None or signed.environment or signed.log_keys):
        raise UsageError(
            "--trust, --environment and --log-key are for signed resolutions", hint="add --resolutions PATH"
        )
    if online is None and not signed.paths:
        return offline_resolvers()
    from lockgate.webhook.extras import require_facts

    require_facts()
    from lockgate.webhook.references.config import read_resolvers

    said = _signed_resolvers(signed) if signed.paths else ()
    return offline_resolvers(said) if online is None else read_resolvers(online, said)


def _signed_resolvers(signed: _Signed) -> "tuple[Resolver, ...]":
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.references.signed import (
        SignedResolver,
        count_resolutions,
        is_resolution_file,
        read_resolutions,
    )
    from lockgate.webhook.scan_verify import read_records
    from lockgate.webhook.scanning.known_models import proofs_beside, signed_files
    from lockgate.webhook.scanning.trust_file import read_facts_trust

    if signed.trust is None:
        raise UsageError(
            "--resolutions without --trust: whose word counts is not said",
            hint="docs/models.md, whose facts count",
        )
    cwd = os.getcwd()
    now_ms = time.time_ns() // 1_000_000
    files = [one for one in signed_files(signed.paths, cwd) if is_resolution_file(one)]
    records = read_records(proofs_beside(files, signed.log_keys), signed.log_keys, now_ms)
    counted = count_resolutions(
        read_resolutions(files, cwd), read_facts_trust(signed.trust), signed.environment, records, now_ms
    )
    _tell(f"left out: {': '.join([part for part in one if part])}" for one in counted.left_out)
    return (SignedResolver(counted),)


def _sign(found: "list[Resolution]", key: "PemKey", place: str) -> None:
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.references.signing import sign_resolutions, why_not_signed

    reasons = [(one.reference.text, why_not_signed(one)) for one in found]
    _tell(f"not signed: {text}: {why}" for text, why in reasons if why is not None)
    fit = [one for one, (_, why) in zip(found, reasons, strict=True) if why is None]
    if not fit:
        raise UsageError("there is nothing to sign", hint="ask servers: --online FILE")
    sign_resolutions(fit, key, place)
    _tell([f"signed resolutions: {place}"])


def _tell(lines: Iterable[str]) -> None:
    from lockgate.webhook.terminal import printable

    for one in lines:
        click.echo(printable(one), err=True)


def _write(
    found: "list[Resolution]", places: dict[str, tuple[str, ...]], chosen: str, output: str | None
) -> None:
    from lockgate.webhook.output import write_output
    from lockgate.webhook.references.render import resolution_text, resolution_value
    from lockgate.webhook.terminal import Palette, choose_palette

    if chosen == "json":
        values: list[dict[str, Any]] = [
            resolution_value(one, places.get(one.reference.uri, ())) for one in found
        ]
        write_output(json.dumps({"schemaVersion": 1, "references": values}, indent=2) + "\n", output)
        return
    palette = Palette(False) if output is not None else choose_palette("auto", sys.stdout)
    write_output(
        "".join([resolution_text(one, palette, places.get(one.reference.uri, ())) for one in found]), output
    )
