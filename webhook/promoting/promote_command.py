"""`lockgate promote` and `lockgate rollback`: asks for a version of a model to enter an environment, and makes it where nothing is missing."""

import os
from typing import TYPE_CHECKING

import click
from lockgate.webhook.audit_options import FORMAT, TRAIL
from lockgate.webhook.model_facts import ModelFacts, facts_options
from lockgate.webhook.notifying import Notifier
from lockgate.webhook.promoting.notify_options import notify_options
from lockgate.webhook.promoting.options import EPILOG, IDENTITIES, KEY, POLICY, REQUIRE

if TYPE_CHECKING:
    from lockgate.webhook.promoting.requesting import Wish

_FILES = click.argument("files", nargs=-1, required=True, metavar="FILE...")
_TO = click.option("--to", required=True, metavar="NAME", help="The environment that it is to enter.")
_MODEL = click.option(
    "--model", default="", metavar="REFERENCE", help="Which model, where the manifests load several."
)
_DIGEST = click.option(
    "--digest",
    default="",
    metavar="SHA256",
    help="The canonical digest of its bytes, where no signed facts say it.",
)
_CLUSTER = click.option(
    "--cluster", default="", metavar="NAME", help="The one cluster that it is for; any by default."
)
_NAMESPACE = click.option(
    "--namespace", default="", metavar="NAME", help="The namespace; the manifest's own by default."
)
_CHANGE = click.option(
    "--change",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the statement says of the change: repository, commit, request; may be repeated.",
)
BEHALF = click.option(
    "--on-behalf",
    metavar="KIND:WHO",
    help="With the key of a bot: who asks, as CI knows them: git:EMAIL, service-account:NAMESPACE/NAME or account:HOST/LOGIN of the identity map.",
)
_OUTPUT = click.option(
    "--output", metavar="FILE", help="Where the signed statement goes; beside the first FILE by default."
)


@click.command(epilog=EPILOG)
@_FILES
@_TO
@_MODEL
@_DIGEST
@_CLUSTER
@_NAMESPACE
@_CHANGE
@BEHALF
@KEY
@POLICY
@IDENTITIES
@facts_options
@TRAIL
@_OUTPUT
@REQUIRE
@notify_options
@FORMAT
@click.pass_context
def promote(
    context: click.Context,
    files: tuple[str, ...],
    to: str,
    model: str,
    digest: str,
    cluster: str,
    namespace: str,
    changes: tuple[str, ...],
    on_behalf: str | None,
    key_file: str | None,
    policy: str,
    identities: str,
    model_facts: ModelFacts | None,
    home: str,
    output: str | None,
    require: bool,
    notifier: Notifier | None,
    chosen: str,
) -> None:
    """Asks for the model that rendered manifests load to enter an environment.

    A statement is signed and recorded that says which bytes, from where, in which images and with which flags, on which evidence. Where the
    PromotionPolicy misses nothing the promotion is made; else what is missing is said, and `lockgate approve` goes on.

    \b
    Example:
      lockgate promote deploy/prod/fraud.yaml --to prod --key me.pem -p promotion-policy.yaml --identities identities.toml
        --model-facts facts/ --facts-trust facts-trust.toml --trail trail/
    """
    from lockgate.webhook.promoting.requesting import Wish

    wish = Wish(to, model, digest, cluster, namespace, read_changes(changes, on_behalf))
    _run(
        context,
        files,
        wish,
        key_file,
        policy,
        identities,
        model_facts,
        home,
        output,
        require,
        notifier,
        chosen,
    )


@click.command(epilog=EPILOG)
@_FILES
@_TO
@_MODEL
@_CLUSTER
@_NAMESPACE
@_CHANGE
@BEHALF
@KEY
@POLICY
@IDENTITIES
@facts_options
@TRAIL
@_OUTPUT
@REQUIRE
@notify_options
@FORMAT
@click.option(
    "--entry",
    type=int,
    metavar="INDEX",
    help="The promotion that is gone back to; by default the last of this version.",
)
@click.pass_context
def rollback(
    context: click.Context,
    files: tuple[str, ...],
    to: str,
    model: str,
    cluster: str,
    namespace: str,
    changes: tuple[str, ...],
    on_behalf: str | None,
    key_file: str | None,
    policy: str,
    identities: str,
    model_facts: ModelFacts | None,
    home: str,
    output: str | None,
    require: bool,
    notifier: Notifier | None,
    chosen: str,
    entry: int | None,
) -> None:
    """Asks for a version that an environment had to come back into it; the manifests are those that load it.

    It needs what any promotion needs but for the time in the environment below, and is a record of its own.

    \b
    Example:
      lockgate rollback deploy/prod/fraud.yaml --to prod --key me.pem -p promotion-policy.yaml --identities identities.toml --trail trail/
    """
    from lockgate.webhook.promoting.requesting import Wish

    wish = Wish(to, model, "", cluster, namespace, read_changes(changes, on_behalf))
    _run(
        context,
        files,
        wish,
        key_file,
        policy,
        identities,
        model_facts,
        home,
        output,
        require,
        notifier,
        chosen,
        entry,
        back=True,
    )


def read_changes(given: tuple[str, ...], on_behalf: str | None = None) -> dict[str, str]:
    """What `--change` says, and for whom a bot asks. Raises UsageError."""
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.promoting.desk import ON_BEHALF

    made: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name.isidentifier() or len(value) > 500 or name == ON_BEHALF:
            raise UsageError(f"--change {one[:80]!r} is no NAME=VALUE", hint="such as --change commit=1d2e…")
        made[name] = value
    if on_behalf is not None:
        kind, colon, who = on_behalf.partition(":")
        if not colon or not who:
            raise UsageError(
                f"--on-behalf {on_behalf[:80]!r} is no KIND:WHO", hint="such as git:somebody@example.com"
            )
        made[ON_BEHALF] = f"{kind} {who.lower() if kind == 'git' else who}"
    return made


def _run(
    context: click.Context,
    files: tuple[str, ...],
    wish: "Wish",
    key_file: str | None,
    policy: str,
    identities: str,
    model_facts: ModelFacts | None,
    home: str,
    output: str | None,
    require: bool,
    notifier: Notifier | None,
    chosen: str,
    entry: int | None = None,
    *,
    back: bool = False,
) -> None:
    from lockgate.engine.errors import UsageError
    from lockgate.engine.record import changed
    from lockgate.webhook.output import write_output
    from lockgate.webhook.promoting.ending import tell_end
    from lockgate.webhook.promoting.manifests import read_manifests
    from lockgate.webhook.promoting.opening import open_desk
    from lockgate.webhook.promoting.requesting import ask, choose, evidence_from_facts, find_models
    from lockgate.webhook.promoting.rolling_back import find_target
    from lockgate.webhook.promotions.model_uses import open_model_uses
    from lockgate.webhook.scanning.reading import read_signing_pem

    if key_file is None:
        raise UsageError("nobody signs the statement", hint="give --key PEM")
    key = read_signing_pem(key_file)
    found = choose(find_models(read_manifests(files), open_model_uses()), wish)
    place = output or f"{files[0]}.promotion.dsse.json"
    with open_desk(home, policy, identities, notifier) as desk:
        target = find_target(desk.log, found.use.identity, wish.to, entry) if back else None
        if target is not None:
            wish = changed(wish, digest=target.promoted.subject)
        evidence = evidence_from_facts(desk, found, wish, key, model_facts, os.getcwd())
        asked, envelope = ask(desk, found, wish, key, evidence, target)
        write_output(envelope.decode("ascii") + "\n", place)
        tell_end(context, desk, asked, asked.statement.requester, evidence.reasons, place, chosen, require)
