"""Signed envelopes in files, whatever they hold."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from lockgate.audit.dsse import MAX_ENVELOPE
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.terminal import printable
from lockgate.webhook.walk import shown_path

Read = TypeVar("Read")


def read_envelopes(
    files: Iterable[str], cwd: str, parse: Callable[[bytes], Read]
) -> Iterator[tuple[str, Read]]:
    """What `parse` makes of each, with the files as they are shown. Raises LockgateError, naming the file that holds something else."""
    for one in files:
        shown = printable(shown_path(one, cwd))
        data = read_regular(one, shown, MAX_ENVELOPE)
        try:
            read = parse(data)
        except LockgateError as error:
            raise UsageError(f"{shown}: {error.message}", hint=error.hint) from None
        yield shown, read
