"""What every command takes that asks for something to enter an environment, gathered into one value."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

import click
from lockgate.engine.record import record
from lockgate.webhook.audit_options import FORMAT, TRAIL
from lockgate.webhook.notifying import Notifier
from lockgate.webhook.promoting.notify_options import notify_options
from lockgate.webhook.promoting.options import IDENTITIES, KEY, POLICY, POOL_HEALTH, REQUIRE

# In what a statement says of its change: for whom a bot asks.
ON_BEHALF: Final = "onBehalf"
_MAX_VALUE: Final = 500


@record
class Asking:
    """Who asks, at which desk, for which environment, and how that is told. cluster: "" for any. change: what the statement says of it.

    output: where the statement goes, "" for beside what is asked for. require: end with 1 where the promotion is not made yet.
    """

    to: str
    cluster: str
    change: Mapping[str, str]
    key_file: str
    policy: str
    identities: str
    home: str
    output: str
    require: bool
    notifier: Notifier | None
    chosen: str
    pool_health: tuple[str, ...]


_OPTIONS: Final = (
    FORMAT,
    notify_options,
    REQUIRE,
    click.option(
        "--output",
        default="",
        metavar="FILE",
        help="Where the signed statement goes; beside what is asked for by default.",
    ),
    TRAIL,
    POOL_HEALTH,
    IDENTITIES,
    POLICY,
    KEY,
    click.option(
        "--on-behalf",
        metavar="KIND:WHO",
        help="With the key of a bot: who asks, as CI knows them: git:EMAIL, service-account:NAMESPACE/NAME or account:HOST/LOGIN "
        "of the identity map.",
    ),
    click.option(
        "--change",
        "changes",
        multiple=True,
        metavar="NAME=VALUE",
        help="What the statement says of the change: repository, commit, request; may be repeated.",
    ),
    click.option(
        "--cluster", default="", metavar="NAME", help="The one cluster that it is for; any by default."
    ),
    click.option("--to", required=True, metavar="NAME", help="The environment that is to be entered."),
)


def asking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options: the parameter `asking`."""

    @wraps(command)
    def with_asking(
        *given: Any,
        to: str,
        cluster: str,
        changes: tuple[str, ...],
        on_behalf: str | None,
        key_file: str | None,
        policy: str,
        identities: str,
        home: str,
        output: str,
        require: bool,
        notifier: Notifier | None,
        chosen: str,
        pool_health: tuple[str, ...],
        **others: Any,
    ) -> Any:
        from lockgate.engine.errors import UsageError

        change = _change(changes, on_behalf)
        if key_file is None:
            raise UsageError("nobody signs the statement", hint="give --key PEM")
        asking = Asking(
            to,
            cluster,
            change,
            key_file,
            policy,
            identities,
            home,
            output,
            require,
            notifier,
            chosen,
            pool_health,
        )
        return command(*given, asking=asking, **others)

    made: Callable[..., Any] = with_asking
    for option in _OPTIONS:
        made = option(made)
    return made


def _change(given: tuple[str, ...], on_behalf: str | None) -> dict[str, str]:
    """What `--change` says, and for whom a bot asks. Raises UsageError."""
    from lockgate.engine.errors import UsageError

    made: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name.isidentifier() or len(value) > _MAX_VALUE or name == ON_BEHALF:
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
