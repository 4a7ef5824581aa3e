"""`lockgate policy promote` and `lockgate policy rollback`: a PolicyBundle enters an environment as a model does."""

import click
from lockgate.webhook.promoting.asking_options import Asking, asking_options
from lockgate.webhook.promoting.options import ENTRY, EPILOG

_BUNDLE = click.argument("bundle", metavar="BUNDLE")
_NAME = click.option(
    "--name",
    required=True,
    metavar="NAME",
    help="What these policies are called, whichever version they are.",
)


@click.command(epilog=EPILOG)
@_BUNDLE
@_NAME
@click.option(
    "--sources",
    multiple=True,
    metavar="FOLDER",
    help="What BUNDLE was made of: its suites are run, and are the evidence `tests`; may be repeated.",
)
@asking_options
@click.pass_context
def promote(context: click.Context, bundle: str, name: str, sources: tuple[str, ...], asking: Asking) -> None:
    """Asks for a PolicyBundle to enter an environment; `lockgate approve` goes on.

    A server that is told to (`lockgate serve --promoted-policies NAME`) has no other policies in force than the bundle that was promoted last.

    \b
    Example:
      lockgate policy bundle policies/ -o policy.tar.gz
      lockgate policy promote policy.tar.gz --name platform --to prod --sources policies/ --key me.pem
        -p policy-of-policies.yaml --identities identities.toml --trail trail/
    """
    from lockgate.webhook.promoting.asking import carry_out
    from lockgate.webhook.promoting.policy_subject import change_of, found_bundle, open_bundle, tested
    from lockgate.webhook.promoting.requesting import Wish

    opened = open_bundle(bundle)
    evidence = tested(opened, sources)
    wish = Wish(asking.to, cluster=asking.cluster, change=change_of(opened, asking.change))
    carry_out(context, asking, found_bundle(name, opened), wish, bundle, lambda *_: evidence)


@click.command(epilog=EPILOG)
@_BUNDLE
@_NAME
@ENTRY
@asking_options
@click.pass_context
def rollback(context: click.Context, bundle: str, name: str, entry: int | None, asking: Asking) -> None:
    """Asks for a PolicyBundle that was in an environment to come back into it, with the tests that it had then.

    \b
    Example:
      lockgate policy rollback former.tar.gz --name platform --to prod --key me.pem -p policy-of-policies.yaml --identities identities.toml --trail trail/
    """
    from lockgate.webhook.promoting.asking import carry_out
    from lockgate.webhook.promoting.policy_subject import change_of, evidence_then, found_bundle, open_bundle
    from lockgate.webhook.promoting.requesting import Wish
    from lockgate.webhook.promoting.rolling_back import find_target

    opened = open_bundle(bundle)
    found = found_bundle(name, opened)
    wish = Wish(asking.to, cluster=asking.cluster, change=change_of(opened, asking.change))
    carry_out(
        context,
        asking,
        found,
        wish,
        bundle,
        lambda desk, _key, _wish, target: evidence_then(desk, target),
        lambda log: find_target(log, found, wish, entry),
    )
