"""`lockgate scan`: what the bytes of model artefacts are, and bring with them; nothing is loaded."""

import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click
from lockgate.webhook.jobs_option import jobs_option, wanted_jobs

if TYPE_CHECKING:
    from lockgate.engine.facts.artifact import ArtifactFacts
    from lockgate.webhook.scanning.reading import Attested
    from lockgate.webhook.scanning.scanned import Artefact
    from lockgate.webhook.scanning.signing import SigningRequest

_CODES: Final = {"safe": 0, "unvetted": 1, "unsafe": 1, "unreadable": 2}
_EPILOG: Final = "Exit codes: 0 safe; 1 unsafe or unvetted; 2 unreadable, or wrong usage."


class _ScanCommand(click.Command):
    """`scan PATH…`, and `scan verify …`, `scan answers …` and `scan resolve …`, which are commands of their own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the one command or of another."""
        if args and args[0] == "verify":
            from lockgate.webhook.scan_verify import verify

            return verify.make_context(f"{info_name} verify", args[1:], parent, **extra)
        if args and args[0] == "answers":
            from lockgate.webhook.scan_answers import answers

            return answers.make_context(f"{info_name} answers", args[1:], parent, **extra)
        if args and args[0] == "resolve":
            from lockgate.webhook.scan_resolve import resolve

            return resolve.make_context(f"{info_name} resolve", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(cls=_ScanCommand, epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "chosen",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    help="For people; an object a line for each artefact; for code scanning.",
)
@click.option("-o", "--output", metavar="FILE", help="Write there, complete or not at all.")
@jobs_option("Scan")
@click.option("--no-cache", is_flag=True, help="Scan again what was scanned before.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours.")
@click.option("--no-progress", is_flag=True, help="Draw no progress bar.")
@click.option(
    "--sign", "key_file", metavar="PEM", help="Sign the facts with this private key (P-256 or Ed25519)."
)
@click.option("--signed", metavar="FILE", help="Where the signed facts go, of one PATH; else beside it.")
@click.option(
    "--reference",
    "references",
    multiple=True,
    metavar="URI",
    help="Where the artefact lies (hf://…, s3://…), signed with the facts; may be repeated.",
)
@click.option(
    "--evidence",
    multiple=True,
    metavar="FILE",
    help="A report, a card, a registry's answer: signed with the facts; may be repeated.",
)
@click.option("--model-signature", metavar="FILE", help="The model's own signature (OpenSSF model signing).")
@click.option(
    "--provenance",
    multiple=True,
    metavar="FILE",
    help="SLSA provenance in a sigstore bundle, as CI services sign it; may be repeated.",
)
@click.option(
    "--model-key", "model_keys", multiple=True, metavar="PEM", help="A public key that may have made them."
)
@click.option("--model-roots", metavar="PEM", help="Root certificates for their certificates.")
@click.option("--trusted-root", metavar="FILE", help="sigstore's trusted_root.json, for identities.")
@click.option(
    "--identity",
    "identities",
    multiple=True,
    metavar="NAME[=ISSUER]",
    help="Who may have signed, by certificate; may be repeated.",
)
@click.option(
    "--ignore-path",
    "ignored",
    multiple=True,
    metavar="PATH",
    help="What the model's signature may leave out, besides git's own files.",
)
def scan(
    paths: tuple[str, ...],
    chosen: str,
    output: str | None,
    jobs: str,
    no_cache: bool,
    color: str,
    no_progress: bool,
    key_file: str | None,
    signed: str | None,
    references: tuple[str, ...],
    evidence: tuple[str, ...],
    model_signature: str | None,
    provenance: tuple[str, ...],
    model_keys: tuple[str, ...],
    model_roots: str | None,
    trusted_root: str | None,
    identities: tuple[str, ...],
    ignored: tuple[str, ...],
) -> int:
    """Tell what model files are by their bytes, and what in them would run: each PATH is an artefact, a file or a folder.

    Nothing is loaded. With --sign the facts are signed for the artefact's digest; `lockgate scan verify` checks them, and
    `lockgate scan answers` makes of them what rules on models are told, and `lockgate scan resolve` tells which bytes a
    reference names. A folder of one of these names is ./verify.

    \b
    Examples:
      lockgate scan model.safetensors
      lockgate scan models/fraud/ --format sarif -o scan.sarif
      lockgate scan models/fraud/ --sign ci.pem --reference s3://models/fraud/12 --evidence drift.json
      lockgate scan verify models/fraud.facts.dsse.json --trust facts-trust.toml --at /mnt/models
    """
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.progress import Progress, progress_stream
    from lockgate.webhook.scanning.facts_cache import open_facts_cache
    from lockgate.webhook.scanning.reading import Attested, read_signing_pem
    from lockgate.webhook.scanning.scanned import EACH, find_artefact
    from lockgate.webhook.scanning.scanned import scan as scan_artefact
    from lockgate.webhook.scanning.signing import SigningRequest

    is_more = bool(signed or references or evidence or model_signature or provenance)
    if key_file is None and is_more:
        raise UsageError(
            "only signed facts have references, evidence and signatures", hint="give --sign KEY.pem"
        )
    if len(paths) > 1 and is_more:
        raise UsageError("what is signed with the facts is of one artefact", hint="scan one PATH at a time")
    artefacts = [find_artefact(path) for path in paths]
    request = None if key_file is None else SigningRequest(read_signing_pem(key_file), references, signed)
    attested = Attested(
        model_signature, provenance, model_keys, model_roots, trusted_root, identities, ignored
    )
    if not (model_signature or provenance) and (
        model_keys or model_roots or trusted_root or identities or ignored
    ):
        raise UsageError(
            "there is no signature to verify", hint="give --model-signature FILE or --provenance FILE"
        )
    # What is signed is seen anew: a cache is not what anybody vouches for.
    kept = None if no_cache or request is not None else open_facts_cache(os.environ)
    number = wanted_jobs(jobs, EACH)
    found: list[tuple[Artefact, ArtifactFacts]] = []
    for artefact in artefacts:
        progress = Progress(0, None if no_progress else progress_stream())
        facts = scan_artefact(artefact, min(number(artefact.size), len(artefact.files)), kept, progress)
        found.append((artefact, facts))
        if request is not None:
            _sign(artefact, facts, evidence, attested, request)
    code = max([_CODES[facts.tier] for _, facts in found])
    _write(found, chosen, output, color, code)
    return code


def _sign(
    artefact: "Artefact",
    facts: "ArtifactFacts",
    given: tuple[str, ...],
    attested: "Attested",
    request: "SigningRequest",
) -> None:
    from lockgate.engine.facts.document import facts_document
    from lockgate.webhook.scanning.reading import read_evidence_files, verified_attestations
    from lockgate.webhook.scanning.signing import place_of_facts, sign_facts

    evidence = read_evidence_files(given, facts) + verified_attestations(attested, artefact, facts)
    place = request.output or place_of_facts(artefact)
    sign_facts(facts_document(facts), evidence, request, place)
    click.echo(f"signed facts: {place}", err=True)


def _write(
    found: "list[tuple[Artefact, ArtifactFacts]]", chosen: str, output: str | None, color: Any, code: int
) -> None:
    from lockgate.webhook.output import write_output
    from lockgate.webhook.terminal import Palette, choose_palette

    if chosen == "sarif":
        from lockgate.webhook.scanning.render_sarif import render_scan_sarif

        text = render_scan_sarif(found, code)
    elif chosen == "json":
        from lockgate.webhook.scanning.render_json import render_scan, scan_value

        text = "".join([render_scan(scan_value(artefact, facts)) for artefact, facts in found])
    else:
        from lockgate.webhook.scanning.render_text import render_tree

        palette = choose_palette(color, sys.stdout) if output is None else Palette(color == "always")
        text = "".join([render_tree(artefact, facts, palette) for artefact, facts in found])
    write_output(text, output)
