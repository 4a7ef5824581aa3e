"""`lockgate scan verify`: whether signed facts count here, and are of what lies at a path."""

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final, Literal

import click
from lockgate.engine.errors import os_reason
from lockgate.webhook.audit_options import FORMAT, LOG_KEYS, OUTPUT

if TYPE_CHECKING:
    from lockgate.audit.attestations.facts_trust import Recorded, TrustedFacts

_EPILOG: Final = (
    "Exit codes: 0 they count, and the tier is accepted; 1 the tier is not; 2 unreadable, or wrong usage; "
    "3 they are of other bytes; 4 nobody who is trusted vouches for them."
)
_HINT: Final = "name the folder or file that is loaded, as it was scanned"


@click.command(epilog=_EPILOG)
@click.argument("facts", metavar="FACTS")
@click.option(
    "--trust", required=True, metavar="FILE", help="A facts-trust.toml of your own: whose facts count."
)
@click.option(
    "--at", "at", metavar="PATH", help="The bytes have to be those that lie there: a file or a folder."
)
@click.option("--digest", metavar="SHA256", help="They have to be of this canonical digest.")
@click.option(
    "--reference", default="", metavar="URI", help="They have to be of what lies there: hf://…, s3://…"
)
@click.option("--environment", default="", metavar="NAME", help="Where the model is to run.")
@click.option(
    "--accept",
    multiple=True,
    type=click.Choice(["safe", "unvetted", "unreadable", "unsafe"]),
    help="A tier that is accepted; safe alone by default. May be repeated.",
)
@click.option(
    "--proof",
    "proofs",
    multiple=True,
    metavar="FILE",
    help="A proof that a log recorded them, with its --log-key; by its time their age is counted. May be repeated.",
)
@LOG_KEYS
@FORMAT
@OUTPUT
def verify(
    facts: str,
    trust: str,
    at: str | None,
    digest: str | None,
    reference: str,
    environment: str,
    accept: tuple[str, ...],
    proofs: tuple[str, ...],
    log_keys: tuple[str, ...],
    chosen: str,
    output: str | None,
) -> int:
    """Check signed facts: who vouches for them, for which bytes, and what they found.

    Nothing that comes with the facts is trusted. With --at, as in an init container, what lies there is hashed again.

    \b
    Examples:
      lockgate scan verify fraud.facts.dsse.json --trust facts-trust.toml --environment production --at /mnt/models
      lockgate scan verify fraud.facts.dsse.json --trust facts-trust.toml --reference s3://models/fraud/12
    """
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.extras import require_facts

    require_facts()
    from lockgate.audit.attestations.facts_statement import digest_of
    from lockgate.audit.attestations.facts_trust import Asked, verify_facts
    from lockgate.audit.dsse import MAX_ENVELOPE
    from lockgate.audit.errors import UnverifiableError, VerificationError
    from lockgate.webhook.policy_bundle.files import read_regular
    from lockgate.webhook.scanning.trust_file import read_facts_trust
    from lockgate.webhook.terminal import printable

    data = read_regular(facts, printable(facts), MAX_ENVELOPE)
    policy = read_facts_trust(trust)
    wanted = "" if digest is None else digest_of(digest)
    if at is not None:
        found = _digest_at(at)
        if wanted not in ("", found):
            raise UsageError(f"{printable(at)} is sha256:{found}, and --digest says otherwise")
        wanted = found
    asked = Asked(time.time_ns() // 1_000_000, reference, wanted, environment)
    code: Literal[0, 1, 3, 4]
    trusted: TrustedFacts | None = None
    problem = ""
    hint = ""
    try:
        trusted = verify_facts(data, policy, asked, read_records(proofs, log_keys, asked.now_ms))
        code = 0 if trusted.statement.tier in (accept or ("safe",)) else 1
    except VerificationError as error:
        code, problem, hint = 3, error.message, error.hint
    except UnverifiableError as error:
        code, problem, hint = 4, error.message, error.hint
    _write(trusted, code, problem, hint, chosen, output)
    return code


def _digest_at(path: str) -> str:
    """The canonical digest of what lies there now. Raises InputError or UsageError."""
    from lockgate.engine.errors import InputError
    from lockgate.engine.facts.artifact import artifact_digest
    from lockgate.engine.facts.errors import UnreadableError
    from lockgate.webhook.scanning.scanned import find_artefact
    from lockgate.webhook.terminal import printable

    artefact = find_artefact(path)
    try:
        return artifact_digest(artefact.place)
    except UnreadableError as error:
        raise InputError(
            f"{printable(path)} cannot be hashed: {printable(error.detail)}", hint=_HINT
        ) from None
    except OSError as error:
        raise InputError(f"cannot read {printable(path)}: {os_reason(error)}") from None


def read_records(proofs: tuple[str, ...], log_keys: tuple[str, ...], now_ms: int) -> "list[Recorded]":
    """When logs of these keys had what. Raises TrailError or UsageError."""
    from lockgate.audit.attestations.facts_trust import Recorded
    from lockgate.audit.completeness import MAX_PROOF
    from lockgate.audit.shown_proof import ShownEntry, parse_proof, verify_proof
    from lockgate.audit.times import parse_time
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.given_keys import trust_in
    from lockgate.webhook.policy_bundle.files import read_regular

    if not proofs:
        return []
    trust = trust_in(log_keys, None)
    if trust is None:
        raise UsageError(
            "a proof proves nothing without the log's key", hint="give --log-key, from elsewhere"
        )
    made: list[Recorded] = []
    for path in proofs:
        shown = verify_proof(parse_proof(read_regular(path, path, MAX_PROOF)), b"", trust, now_ms)
        entry = shown.what.entry if isinstance(shown.what, ShownEntry) else None
        if entry is None or entry.kind != "statement":
            raise UsageError(f"{path} proves something else than that a statement was recorded")
        made.append(
            Recorded(
                str(entry.value["envelope"]).removeprefix("sha256:"), parse_time(str(entry.value["time"]))
            )
        )
    return made


_VERDICTS: Final = {0: "verified", 1: "not accepted", 3: "other bytes", 4: "not vouched for"}


def _write(
    trusted: "TrustedFacts | None", code: int, problem: str, hint: str, chosen: str, output: str | None
) -> None:
    from lockgate.webhook.output import write_output
    from lockgate.webhook.terminal import Palette, choose_palette

    value = _value(trusted, code, problem, hint)
    if chosen == "json":
        write_output(json.dumps(value, indent=2) + "\n", output)
        return
    palette = Palette(False) if output is not None else choose_palette("auto", sys.stdout)
    write_output(_text(value, palette), output)


def _value(trusted: "TrustedFacts | None", code: int, problem: str, hint: str) -> dict[str, Any]:
    from lockgate.audit.times import render_time

    made: dict[str, Any] = {"schemaVersion": 1, "verdict": _VERDICTS[code], "problem": problem, "hint": hint}
    if trusted is not None:
        statement = trusted.statement
        recorded = trusted.recorded_ms
        made |= {
            "digest": f"sha256:{statement.digest}",
            "tier": statement.tier,
            "producers": list(trusted.producers),
            "scanner": statement.scanner.shown,
            "references": list(statement.references),
            "evidence": sorted({str(one.get("kind")) for one in statement.evidence}),
            "recordedAt": None if recorded is None else render_time(recorded),
        }
    return made


def _text(value: dict[str, Any], palette: Any) -> str:
    from lockgate.webhook.terminal import printable

    style = "green" if value["verdict"] == "verified" else "red"
    lines = [palette.paint(value["verdict"], style, "bold")]
    if value["problem"]:
        lines.append(f"  {printable(value['problem'])}")
    if value["hint"]:
        lines.append(f"  hint: {printable(value['hint'])}")
    if "digest" in value:
        lines.append(f"  {value['digest']}: {value['tier']}")
        lines.append(f"  signed by {', '.join(value['producers'])}; scanned by {printable(value['scanner'])}")
        lines += [f"  of {printable(one)}" for one in value["references"]]
        if value["evidence"]:
            lines.append(f"  with evidence: {', '.join(map(printable, value['evidence']))}")
        lines.append(f"  recorded {value['recordedAt'] or 'nowhere that was shown'}")
    return "\n".join(lines) + "\n"
