"""`lockgate audit import`: what a spool of break-glass holds becomes part of the trail."""

from pathlib import Path
from typing import Final

import click
from lockgate.audit.draft import Draft
from lockgate.audit.entry import parse_entry
from lockgate.audit.times import parse_time, render_time
from lockgate.engine.decision import PolicyKey
from lockgate.engine.errors import UsageError
from lockgate.gatekeeper.break_glass.grant import Grant
from lockgate.gatekeeper.break_glass.policy import signing_objection, valid_signer
from lockgate.webhook.audit_options import EPILOG, TRAIL
from lockgate.webhook.break_glass_files import GlassProblem, read_glass
from lockgate.webhook.grant_drafts import granted_draft, use_draft
from lockgate.webhook.spool import SpooledUse, read_spool
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import Trail, open_trail

EXIT_TAMPERED: Final = 3
_MS_NS: Final = 1_000_000
_CHANGES: Final = "break-glass-change"
_PAGE: Final = 1000
# The clocks of who signs and of who uses may differ by so much.
_TOLERANCE_MS: Final = 5_000


@click.command(name="import", epilog=EPILOG)
@click.argument("folder", metavar="DIR")
@click.option(
    "--policy",
    "policy",
    required=True,
    metavar="FILE",
    help="The BreakGlassPolicy that says whose signatures count; from somewhere else than the spool.",
)
@TRAIL
@click.pass_context
def import_spool(context: click.Context, folder: str, policy: str, home: str) -> None:
    """Appends what a spool of break-glass holds, with the times that it claims; what the log has already is passed over.

    \b
    Example:
      lockgate audit import spool/ --policy break-glass-policy.yaml --trail trail/
    """
    if not Path(folder).is_dir():
        raise UsageError(f"{folder} is no folder")
    with open_trail(home) as trail:
        drafts, problems = _drafts(trail, Path(folder), policy)
        new = known = 0
        if drafts:
            appending = trail.appending()
            with appending:
                for draft in drafts:
                    receipt = appending.appender.append(draft)
                    new, known = (new, known + 1) if receipt.repeated else (new + 1, known)
            for name, reason in appending.unreached:
                click.echo(
                    f"note: the anchor {printable(name)} was not reached: {printable(reason)}", err=True
                )
    click.echo(f"{new} entries appended, {known} were there already, {len(problems)} refused")
    for one in problems:
        click.echo(printable(f"{one.place}: {one.message}"), err=True)
    if problems:
        context.exit(EXIT_TAMPERED)


def _drafts(trail: Trail, folder: Path, policy: str) -> tuple[list[Draft], list[GlassProblem]]:
    """What is to be appended, and what is not what it says it is."""
    trusted = read_glass([policy])
    if len(trusted.policies) != 1 or trusted.problems:
        told = trusted.problems[0].message if trusted.problems else f"it has {len(trusted.policies)} of them"
        raise UsageError(f"{policy} is no BreakGlassPolicy: {told}")
    found = read_glass([str(folder)])
    problems = [*found.problems]
    valid: dict[str, Grant] = {}
    drafts: list[Draft] = []
    recorder = trail.recorder()
    for grant in found.grants:
        why = signing_objection(trusted.policies[0], grant)
        if why:
            problems.append(GlassProblem(f"the grant {grant.name}", why))
            continue
        valid[grant.name] = grant
        claimed = render_time(grant.terms.from_ns // _MS_NS)
        drafts.append(granted_draft(recorder, grant, valid_signer(trusted.policies[0], grant), claimed))
    uses, broken = read_spool(folder, trail.master_key().spool_tag)
    problems += [GlassProblem(f"uses.jsonl:{one.line}", one.message) for one in broken]
    recorded = _recorded_grants(trail) if uses else {}
    for use in uses:
        why = _objection(valid.get(use.grant), recorded.get(use.grant), use)
        if why:
            problems.append(GlassProblem(f"the use {use.key}", why))
        else:
            drafts.append(use_draft(recorder, use.grant, use.use, use.key))
    return drafts, problems


def _recorded_grants(trail: Trail) -> dict[str, tuple[int, int]]:
    """From when until when grants are, of which the trail knows already; milliseconds since 1970."""
    made: dict[str, tuple[int, int]] = {}
    after = 0
    while page := trail.store.stream_entries(_CHANGES, after, _PAGE):
        for _, index in page:
            value = parse_entry(next(iter(trail.store.entries(index, index + 1)))).value
            if value["event"] == "granted":
                made[str(value["grant"])] = parse_time(str(value["from"])), parse_time(str(value["until"]))
        after = page[-1][0]
    return made


def _objection(grant: Grant | None, recorded: tuple[int, int] | None, one: SpooledUse) -> str:
    """Why a use is not taken in: its grant has to be in the spool, or on the trail, and to have been in force."""
    if grant is not None:
        recorded = grant.terms.from_ns // _MS_NS, grant.terms.until_ns // _MS_NS
    if recorded is None:
        return f"its grant {one.grant} is neither in the spool nor on the trail, or does not count"
    claimed = parse_time(one.use.claimed)
    start, end = recorded
    if not start - _TOLERANCE_MS <= claimed <= end + _TOLERANCE_MS:
        return f"it claims {one.use.claimed}, when {one.grant} was not in force"
    if grant is None:
        return ""
    if grant.terms.namespaces and one.use.namespace not in grant.terms.namespaces:
        return f"it is in a namespace that {one.grant} does not reach"
    if grant.terms.policies and not grant.reaches(
        one.use.namespace, [_key(text) for text in one.use.stopped]
    ):
        return f"it goes past policies that {one.grant} does not reach"
    return ""


def _key(text: str) -> PolicyKey:
    kind, _, name = text.partition("/")
    return PolicyKey(kind, name)
