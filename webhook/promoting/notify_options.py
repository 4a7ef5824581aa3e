"""`--notify`: whom the commands about promotions tell of what they recorded, behind all that they do."""

import time
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from lockgate.engine.record import record
from lockgate.webhook.notifying import Notifier

if TYPE_CHECKING:
    from lockgate.audit.promotions.events import PromotionEvent


@record
class RecordedEvent:
    """What became of a promotion, in the log: its entry, and when that was, in Unix milliseconds."""

    event: "PromotionEvent"
    index: int
    time_ms: int


def notify_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --notify and --notify-secret: the parameter `notifier`, None where nobody is to be told."""

    @wraps(command)
    def with_notifier(*given: Any, notify: str | None, notify_secret: str | None, **others: Any) -> Any:
        # Before anything is done: what is wrong with them leaves nothing behind.
        return command(*given, notifier=_notifier(notify, notify_secret), **others)

    made: Callable[..., Any] = with_notifier
    for option in (
        click.option(
            "--notify-secret",
            envvar="LOCKGATE_NOTIFY_SECRET",
            metavar="FILE",
            help="The secret that notifications are signed with (whsec_ and base64), as Standard Webhooks has it.",
        ),
        click.option(
            "--notify",
            envvar="LOCKGATE_NOTIFY",
            metavar="URL",
            help="Send what was recorded there, as CloudEvents; a failure is told and changes nothing.",
        ),
    ):
        made = option(made)
    return made


def _notifier(url: str | None, secret: str | None) -> Notifier | None:
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.notifying import parse_address, read_secret_key

    if url is None:
        if secret is not None:
            raise UsageError(
                "--notify-secret signs notifications, and nobody is notified", hint="add --notify URL"
            )
        return None
    key = None if secret is None else read_secret_key(Path(secret))
    return Notifier(parse_address(url), key, lambda: int(time.time()))


def tell_events(notifier: Notifier | None, origin: str, recorded: Sequence[RecordedEvent]) -> None:
    """Sends what was recorded in a log of that name, one event after the other; what is not taken is told on stderr."""
    from lockgate.webhook.promotions.cloud_event import render_cloud_event

    if notifier is None:
        return
    for one in recorded:
        notifier.notify(render_cloud_event(one.event, origin, one.index, one.time_ms))
