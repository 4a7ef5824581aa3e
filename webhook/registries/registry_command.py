"""`lockgate registry`: versions that MLflow's or Kubeflow's model registry marks, and the aliases that follow what was promoted."""

from typing import TYPE_CHECKING, Any, Final

import click
from lockgate.webhook.audit_options import TRAIL
from lockgate.webhook.model_facts import ModelFacts, facts_options
from lockgate.webhook.promoting.asking_options import Asking, asking_options
from lockgate.webhook.promoting.options import ENTRY, EPILOG

if TYPE_CHECKING:
    from lockgate.webhook.registries.moving import Standing
    from lockgate.webhook.registries.opening import NamedModel
    from lockgate.webhook.registries.registry import Mark, RegisteredVersion

_MODEL: Final = click.argument("model", metavar="MODEL")
_ONLINE: Final = click.option(
    "--online",
    required=True,
    metavar="FILE",
    help="The resolvers.toml of your own that names the registry's server: [mlflow] or [model-registry].",
)
_NAMESPACE: Final = click.option(
    "--namespace", default="", metavar="NAME", help="The one namespace that it is for; any by default."
)
_ALIAS: Final = click.option(
    "--alias",
    required=True,
    metavar="NAME",
    help="The alias of MLflow, or the label of Kubeflow, that serving follows.",
)
_TO: Final = click.option(
    "--to", required=True, metavar="NAME", help="The environment that the alias stands for."
)
_CLUSTER: Final = click.option(
    "--cluster", default="", metavar="NAME", help="The one cluster that it is for; any by default."
)


@click.group(epilog=EPILOG)
def registry() -> None:
    """Versions that a model registry marks become requests; its aliases follow what was promoted.

    \b
    Example:
      lockgate registry request models:/fraud@next --online resolvers.toml --to prod --key ci.pem -p promotion-policy.yaml
        --identities identities.toml --model-facts facts/ --facts-trust facts-trust.toml --trail trail/
      lockgate registry move models:/fraud --alias production --online resolvers.toml --to prod --trail trail/
    """


@registry.command(epilog=EPILOG)
@_MODEL
@_ONLINE
@click.option(
    "--tag", metavar="NAME=VALUE", help="Ask for versions with this tag, or custom property of Kubeflow."
)
@click.option("--stage", metavar="NAME", help="Ask for versions that are in this stage of MLflow.")
@click.option(
    "--every", is_flag=True, help="Ask for every version: the model holds copies of what is to be promoted."
)
@_NAMESPACE
@facts_options
@asking_options
@click.pass_context
def request(
    context: click.Context,
    model: str,
    online: str,
    tag: str | None,
    stage: str | None,
    every: bool,
    namespace: str,
    model_facts: ModelFacts | None,
    asking: Asking,
) -> None:
    """Asks for versions of MODEL to enter an environment: models:/NAME or model-registry://NAME.

    Which ones, says /VERSION or @ALIAS behind it (Kubeflow: a label), or --tag, --stage or --every. What was asked for or promoted
    before is told and left alone, so that this may run again and again. Statements go to files in this folder.

    \b
    Example:
      lockgate registry request models:/fraud --tag promote=prod --online resolvers.toml --to prod --key ci.pem
        -p promotion-policy.yaml --identities identities.toml --model-facts facts/ --facts-trust facts-trust.toml --trail trail/
    """
    from lockgate.webhook.promoting.requesting import Wish
    from lockgate.webhook.registries.asking import ask_for
    from lockgate.webhook.terminal import printable

    named = _open(model, online)
    mark = _mark(named, tag, stage, every)
    versions = [*named.registry.marked(named.name, mark)]
    if not versions:
        click.echo(
            printable(f"no version of {named.name} is {mark.shown} in {named.registry.shown}"), err=True
        )
        return
    wish = Wish(asking.to, cluster=asking.cluster, namespace=namespace)
    ask_for(context, asking, named.registry, versions, mark, wish, model_facts)


@registry.command(epilog=EPILOG)
@_MODEL
@_ONLINE
@_NAMESPACE
@ENTRY
@facts_options
@asking_options
@click.pass_context
def rollback(
    context: click.Context,
    model: str,
    online: str,
    namespace: str,
    entry: int | None,
    model_facts: ModelFacts | None,
    asking: Asking,
) -> None:
    """Asks for a version that an environment had to come back into it: MODEL with /VERSION. `move` moves the alias then.

    \b
    Example:
      lockgate registry rollback models:/fraud/6 --online resolvers.toml --to prod --key me.pem -p promotion-policy.yaml
        --identities identities.toml --trail trail/
    """
    from lockgate.webhook.promoting.requesting import Wish
    from lockgate.webhook.registries.asking import roll_back

    named = _open(model, online)
    version = _only(named, _mark(named, None, None, every=False))
    wish = Wish(asking.to, cluster=asking.cluster, namespace=namespace)
    roll_back(context, asking, named.registry, version, wish, model_facts, entry)


_GATE_EPILOG: Final = "Exit codes: 0 the alias is what was promoted; 1 it is not, or nothing was promoted that counts; 2 wrong usage, or nobody could be asked."


@registry.command(epilog=_GATE_EPILOG)
@_MODEL
@_ONLINE
@_ALIAS
@_TO
@_CLUSTER
@_NAMESPACE
@TRAIL
def move(model: str, online: str, alias: str, to: str, cluster: str, namespace: str, home: str) -> int:
    """Moves an alias of MODEL to the version that the trail has in an environment, and to nothing else.

    The version is tagged with the entry that promoted it. Where what the registry has under that version is not what was promoted, or
    nothing was promoted that counts, the alias stays.

    \b
    Example:
      lockgate registry move models:/fraud --alias production --online resolvers.toml --to prod --trail trail/
    """
    from lockgate.webhook.registries.registry import Mark

    named = _open(model, online)
    origin, standing = _standing(named, model, to, cluster, namespace, home)
    if standing is None:
        return 1
    version = _only(named, Mark("version", standing.statement.version))
    if _differs(standing, version):
        return 1
    if named.registry.aliased(named.name, alias) == version.version:
        _tell(f"{alias} is {version.reference} already, by entry {standing.entry}")
        return 0
    tag = {f"lockgate.promotion.{to}": f"entry {standing.entry} of {origin}, {standing.digest}"}
    named.registry.move(version, alias, tag)
    if named.registry.aliased(named.name, alias) != version.version:
        _tell(f"{named.registry.shown} took the change, and {alias} is another version")
        return 1
    _tell(f"{alias} is {version.reference} now, by entry {standing.entry}")
    return 0


@registry.command(epilog=_GATE_EPILOG)
@_MODEL
@_ONLINE
@_ALIAS
@_TO
@_CLUSTER
@_NAMESPACE
@TRAIL
def check(model: str, online: str, alias: str, to: str, cluster: str, namespace: str, home: str) -> int:
    """Tells whether an alias of MODEL is the version that the trail has in an environment. Changes nothing.

    \b
    Example:
      lockgate registry check models:/fraud --alias production --online resolvers.toml --to prod --trail trail/
    """
    from lockgate.webhook.registries.registry import Mark

    named = _open(model, online)
    number = named.registry.aliased(named.name, alias)
    _, standing = _standing(named, model, to, cluster, namespace, home)
    if not number:
        _tell(f"{alias} is no version")
        return 1 if standing is not None else 0
    version = _only(named, Mark("version", number))
    if standing is None:
        _tell(f"{alias} is {version.reference}, which is not promoted to {to}")
        return 1
    if _differs(standing, version):
        return 1
    _tell(f"{alias} is {version.reference}, by entry {standing.entry}")
    return 0


def _open(model: str, online: str) -> "NamedModel":
    from lockgate.webhook.extras import require_audit
    from lockgate.webhook.registries.opening import open_named

    require_audit()
    return open_named(model, online)


def _mark(named: "NamedModel", tag: str | None, stage: str | None, every: bool) -> "Mark":
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.registries.registry import Mark

    given: list[Mark] = [] if named.mark is None else [named.mark]
    if tag is not None:
        name, sign, value = tag.partition("=")
        if not name or not sign:
            raise UsageError("--tag is NAME=VALUE", hint="such as --tag promote=prod")
        given.append(Mark("tag", name, value))
    if stage is not None:
        given.append(Mark("stage", stage))
    if every:
        given.append(Mark("every"))
    if len(given) != 1:
        raise UsageError(
            "which versions are meant is said once",
            hint="by /VERSION or @ALIAS behind the model, --tag, --stage or --every",
        )
    return given[0]


def _only(named: "NamedModel", mark: "Mark") -> "RegisteredVersion":
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.terminal import printable

    found = [*named.registry.marked(named.name, mark)]
    if len(found) != 1:
        raise UsageError(
            printable(
                f"{named.registry.shown} has {len(found)} versions of {named.name} that are {mark.shown}"
            )
        )
    return found[0]


def _standing(
    named: "NamedModel", model: str, to: str, cluster: str, namespace: str, home: str
) -> "tuple[str, Standing | None]":
    """The log's origin, and what it has in the environment; None, told, where nothing counts."""
    from lockgate.audit.errors import RuleError
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.promoting.promotion_log import PromotionLog
    from lockgate.webhook.registries.moving import standing_version
    from lockgate.webhook.registries.opening import subject_of
    from lockgate.webhook.trail import open_trail

    if named.mark is not None:
        raise UsageError("an alias is of the model", hint="leave out what stands behind its name")
    with open_trail(home) as trail:
        log = PromotionLog(trail)
        try:
            found = standing_version(log, subject_of(model), to, cluster, namespace)
        except RuleError as error:
            _tell(error.message)
            if error.hint:
                _tell(f"  hint: {error.hint}")
            return trail.origin, None
        return trail.origin, found


def _differs(standing: "Standing", version: "RegisteredVersion") -> bool:
    from lockgate.webhook.registries.moving import differences

    found: list[str] = differences(standing, version)
    for one in found:
        _tell(f"{version.reference} is not what entry {standing.entry} promoted: {one}")
    return bool(found)


def _tell(line: Any) -> None:
    from lockgate.webhook.terminal import printable

    click.echo(printable(str(line)))
