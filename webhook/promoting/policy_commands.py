"""`lockgate policy promote` and `lockgate policy rollback`: a PolicyBundle enters an environment as a model does."""

from typing import TYPE_CHECKING

import click
from lockgate.webhook.audit_options import FORMAT, TRAIL
from lockgate.webhook.notifying import Notifier
from lockgate.webhook.promoting.notify_options import notify_options
from lockgate.webhook.promoting.options import EPILOG, IDENTITIES, KEY, POLICY, REQUIRE
from lockgate.webhook.promoting.promote_command import BEHALF

if TYPE_CHECKING:
    from lockgate.webhook.promoting.facts import ModelEvidence
    from lockgate.webhook.promoting.requesting import Wish

_BUNDLE = click.argument("bundle", metavar="BUNDLE")
_NAME = click.option(
    "--name",
    required=True,
    metavar="NAME",
    help="What these policies are called, whichever version they are.",
)
_TO = click.option("--to", required=True, metavar="NAME", help="The environment that they are to enter.")
_CLUSTER = click.option(
    "--cluster", default="", metavar="NAME", help="The one cluster that it is for; any by default."
)
_CHANGE = click.option(
    "--change",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the statement says of the change: repository, commit, request; may be repeated.",
)
_OUTPUT = click.option(
    "--output", metavar="FILE", help="Where the signed statement goes; beside BUNDLE by default."
)


@click.command(epilog=EPILOG)
@_BUNDLE
@_NAME
@_TO
@click.option(
    "--sources",
    multiple=True,
    metavar="FOLDER",
    help="What BUNDLE was made of: its suites are run, and are the evidence `tests`; may be repeated.",
)
@_CLUSTER
@_CHANGE
@BEHALF
@KEY
@POLICY
@IDENTITIES
@TRAIL
@_OUTPUT
@REQUIRE
@notify_options
@FORMAT
@click.pass_context
def promote(
    context: click.Context,
    bundle: str,
    name: str,
    to: str,
    sources: tuple[str, ...],
    cluster: str,
    changes: tuple[str, ...],
    on_behalf: str | None,
    key_file: str | None,
    policy: str,
    identities: str,
    home: str,
    output: str | None,
    require: bool,
    notifier: Notifier | None,
    chosen: str,
) -> None:
    """Asks for a PolicyBundle to enter an environment; `lockgate approve` goes on.

    A server that is told to (`lockgate serve --promoted-policies NAME`) has no other policies in force than the bundle that was promoted last.

    \b
    Example:
      lockgate policy bundle policies/ -o policy.tar.gz
      lockgate policy promote policy.tar.gz --name platform --to prod --sources policies/ --key me.pem
        -p policy-of-policies.yaml --identities identities.toml --trail trail/
    """
    from lockgate.webhook.promoting.policy_subject import open_bundle, tested
    from lockgate.webhook.promoting.promote_command import read_changes
    from lockgate.webhook.promoting.requesting import Wish

    wish = Wish(to, cluster=cluster, change=read_changes(changes, on_behalf))
    evidence = tested(open_bundle(bundle), sources)
    _run(
        context,
        bundle,
        name,
        wish,
        evidence,
        key_file,
        policy,
        identities,
        home,
        output,
        require,
        notifier,
        chosen,
    )


@click.command(epilog=EPILOG)
@_BUNDLE
@_NAME
@_TO
@_CLUSTER
@_CHANGE
@BEHALF
@KEY
@POLICY
@IDENTITIES
@TRAIL
@_OUTPUT
@REQUIRE
@notify_options
@FORMAT
@click.option(
    "--entry",
    type=int,
    metavar="INDEX",
    help="The promotion that is gone back to; by default the last of this bundle.",
)
@click.pass_context
def rollback(
    context: click.Context,
    bundle: str,
    name: str,
    to: str,
    cluster: str,
    changes: tuple[str, ...],
    on_behalf: str | None,
    key_file: str | None,
    policy: str,
    identities: str,
    home: str,
    output: str | None,
    require: bool,
    notifier: Notifier | None,
    chosen: str,
    entry: int | None,
) -> None:
    """Asks for a PolicyBundle that was in an environment to come back into it, with the tests that it had then.

    \b
    Example:
      lockgate policy rollback former.tar.gz --name platform --to prod --key me.pem -p policy-of-policies.yaml --identities identities.toml --trail trail/
    """
    from lockgate.webhook.promoting.promote_command import read_changes
    from lockgate.webhook.promoting.requesting import Wish

    wish = Wish(to, cluster=cluster, change=read_changes(changes, on_behalf))
    _run(
        context,
        bundle,
        name,
        wish,
        None,
        key_file,
        policy,
        identities,
        home,
        output,
        require,
        notifier,
        chosen,
        entry,
    )


def _run(
    context: click.Context,
    path: str,
    name: str,
    wish: "Wish",
    evidence: "ModelEvidence | None",
    key_file: str | None,
    policy: str,
    identities: str,
    home: str,
    output: str | None,
    require: bool,
    notifier: Notifier | None,
    chosen: str,
    entry: int | None = None,
) -> None:
    """evidence: None for a rollback, which has that of what it goes back to."""
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.output import write_output
    from lockgate.webhook.promoting.ending import tell_end
    from lockgate.webhook.promoting.facts import ModelEvidence
    from lockgate.webhook.promoting.opening import open_desk
    from lockgate.webhook.promoting.policy_subject import found_bundle, open_bundle
    from lockgate.webhook.promoting.requesting import ask
    from lockgate.webhook.promoting.rolling_back import find_target
    from lockgate.webhook.scanning.reading import read_signing_pem

    if key_file is None:
        raise UsageError("nobody signs the statement", hint="give --key PEM")
    key = read_signing_pem(key_file)
    found = found_bundle(name, open_bundle(path))
    place = output or f"{path}.promotion.dsse.json"
    with open_desk(home, policy, identities, notifier) as desk:
        target = None
        if evidence is None:
            target = find_target(desk.log, found.use.identity, wish.to, entry)
            evidence = ModelEvidence(target.promoted.subject, desk.log.made(target).statement.evidence, ())
        asked, envelope = ask(desk, found, wish, key, evidence, target)
        write_output(envelope.decode("ascii") + "\n", place)
        tell_end(context, desk, asked, asked.statement.requester, (), place, chosen, require)
