"""`lockgate promote` and `lockgate rollback`: asks for a version of a model to enter an environment, and makes it where nothing is missing."""

import os

import click
from lockgate.webhook.model_facts import ModelFacts, facts_options
from lockgate.webhook.promoting.asking_options import Asking, asking_options
from lockgate.webhook.promoting.options import ENTRY, EPILOG

_FILES = click.argument("files", nargs=-1, required=True, metavar="FILE...")
_MODEL = click.option(
    "--model", default="", metavar="REFERENCE", help="Which model, where the manifests load several."
)
_NAMESPACE = click.option(
    "--namespace", default="", metavar="NAME", help="The namespace; the manifest's own by default."
)


@click.command(epilog=EPILOG)
@_FILES
@_MODEL
@click.option(
    "--digest",
    default="",
    metavar="SHA256",
    help="The canonical digest of its bytes, where no signed facts say it.",
)
@_NAMESPACE
@facts_options
@asking_options
@click.pass_context
def promote(
    context: click.Context,
    files: tuple[str, ...],
    model: str,
    digest: str,
    namespace: str,
    model_facts: ModelFacts | None,
    asking: Asking,
) -> None:
    """Asks for the model that rendered manifests load to enter an environment.

    A statement is signed and recorded that says which bytes, from where, in which images and with which flags, on which evidence. Where the
    PromotionPolicy misses nothing the promotion is made; else what is missing is said, and `lockgate approve` goes on.

    \b
    Example:
      lockgate promote deploy/prod/fraud.yaml --to prod --key me.pem -p promotion-policy.yaml --identities identities.toml
        --model-facts facts/ --facts-trust facts-trust.toml --trail trail/
    """
    from lockgate.webhook.promoting.asking import carry_out
    from lockgate.webhook.promoting.manifests import read_manifests
    from lockgate.webhook.promoting.requesting import Wish, choose, evidence_from_facts, find_models
    from lockgate.webhook.promotions.model_uses import open_model_uses

    wish = Wish(asking.to, model, digest, asking.cluster, namespace, asking.change)
    found = choose(find_models(read_manifests(files), open_model_uses()), wish)
    carry_out(
        context,
        asking,
        found,
        wish,
        files[0],
        lambda desk, key, wish, _: evidence_from_facts(desk, found, wish, key, model_facts, os.getcwd()),
    )


@click.command(epilog=EPILOG)
@_FILES
@_MODEL
@_NAMESPACE
@ENTRY
@facts_options
@asking_options
@click.pass_context
def rollback(
    context: click.Context,
    files: tuple[str, ...],
    model: str,
    namespace: str,
    entry: int | None,
    model_facts: ModelFacts | None,
    asking: Asking,
) -> None:
    """Asks for a version that an environment had to come back into it; the manifests are those that load it.

    It needs what any promotion needs but for the time in the environment below, and is a record of its own.

    \b
    Example:
      lockgate rollback deploy/prod/fraud.yaml --to prod --key me.pem -p promotion-policy.yaml --identities identities.toml --trail trail/
    """
    from lockgate.webhook.promoting.asking import carry_out
    from lockgate.webhook.promoting.manifests import read_manifests
    from lockgate.webhook.promoting.requesting import Wish, choose, evidence_from_facts, find_models
    from lockgate.webhook.promoting.rolling_back import find_target
    from lockgate.webhook.promotions.model_uses import open_model_uses

    wish = Wish(asking.to, model, "", asking.cluster, namespace, asking.change)
    found = choose(find_models(read_manifests(files), open_model_uses()), wish)
    carry_out(
        context,
        asking,
        found,
        wish,
        files[0],
        lambda desk, key, wish, _: evidence_from_facts(desk, found, wish, key, model_facts, os.getcwd()),
        lambda log: find_target(log, found, wish, entry),
    )
