"""Values as a database gives them: SQLite keeps any type in any column, and who tampers may use that."""

from collections.abc import Iterable
from typing import Any, Final

from lockgate.audit.errors import VerificationError


def as_bytes(value: Any) -> bytes:
    """The bytes of a column. Raises VerificationError when it holds something else."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, memoryview):
        return bytes(value)
    raise VerificationError(f"a column of bytes holds {type(value).__name__}", where="database")


def as_int(value: Any) -> int:
    """The number of a column. Raises VerificationError when it holds something else."""
    if type(value) is int:
        return value
    raise VerificationError(f"a column of numbers holds {type(value).__name__}", where="database")


def as_text(value: Any) -> str:
    """The text of a column. Raises VerificationError when it holds something else."""
    if type(value) is str:
        return value
    raise VerificationError(f"a column of text holds {type(value).__name__}", where="database")


_CHECKS: Final = {bytes: as_bytes, int: as_int, str: as_text}


def check_kinds(rows: Iterable[tuple[Any, ...]], kinds: tuple[type, ...]) -> None:
    """Looks at the types of whole rows, as the functions above do of single columns. Raises VerificationError."""
    for row in rows:
        if tuple(map(type, row)) != kinds:
            for value, kind in zip(row, kinds, strict=True):
                _CHECKS[kind](value)
