"""The spool: uses of break-glass that could not be recorded when they happened, kept in a folder until they can.

`uses.jsonl` has one line a use, with a tag under the trail's master key: whoever can write into the folder cannot make
one up. The same line twice is recorded once. Lines are durable before the use is answered.
"""

import hmac
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal, final

from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.grant_use import GrantUse
from lockgate.audit.times import parse_time
from lockgate.engine.errors import os_reason
from lockgate.engine.record import record

USES: Final = "uses.jsonl"
VERSION: Final = 1
MAX_LINE: Final = 16_384
MAX_SPOOL: Final = 64 << 20
_TEXTS: Final = ("operation", "resource", "subject", "namespace", "actor", "policies", "reason", "claimed")

Tag = Callable[[bytes], bytes]


@record
class SpooledUse:
    """A use of a grant, with the key of the request that it answered."""

    grant: str
    key: str
    use: GrantUse


@record
class SpoolProblem:
    """A line that is not what was written there."""

    line: int
    message: str


@final
class Spool:
    """Keeps uses in a folder. `tag` is the master key's."""

    __slots__ = ("_file", "_tag")

    def __init__(self, folder: Path, tag: Tag) -> None:
        self._file = folder / USES
        self._tag = tag

    def keep(self, one: SpooledUse) -> None:
        """Writes a use, durably. Raises TrailError where it cannot: nothing is let through that nobody would know of."""
        said = {"v": VERSION, "grant": one.grant, "key": one.key, "use": _fields(one.use)}
        line = json.dumps({**said, "tag": self._tag(_tagged(said)).hex()}).encode() + b"\n"
        if len(line) > MAX_LINE:
            raise TrailError(f"a use of break-glass has {len(line)} bytes, and may have {MAX_LINE}")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(fd).st_size > MAX_SPOOL:
                    raise TrailError(f"{self._file} is full", hint="lockgate audit import takes it in")
                # In one piece: other processes write there too.
                if os.write(fd, line) != len(line):
                    raise TrailError(f"{self._file} cannot be written to")
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise TrailError(f"{self._file} cannot be written to: {os_reason(error)}") from error


def read_spool(folder: Path, tag: Tag) -> tuple[tuple[SpooledUse, ...], tuple[SpoolProblem, ...]]:
    """The uses of a folder, each once, and the lines that are none. Raises TrailError where it cannot be read."""
    file = folder / USES
    try:
        if not file.exists():
            return (), ()
        if file.stat().st_size > MAX_SPOOL + MAX_LINE:
            raise TrailError(f"{file} has more than {MAX_SPOOL} bytes")
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise TrailError(f"cannot read {file}: {os_reason(error)}") from error
    uses: dict[str, SpooledUse] = {}
    problems: list[SpoolProblem] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            one = _parse(line, tag)
            uses.setdefault(one.key, one)
        except FormatError as error:
            problems.append(SpoolProblem(number, error.message))
    return tuple(uses.values()), tuple(problems)


def _fields(use: GrantUse) -> dict[str, object]:
    return {name: [*value] if isinstance(value, tuple) else value for name, value in asdict(use).items()}


def _tagged(said: dict[str, object]) -> bytes:
    # Escaped, so that what no UTF-8 has is in it too.
    return json.dumps(said, sort_keys=True).encode()


def _parse(line: bytes, tag: Tag) -> SpooledUse:
    if len(line) > MAX_LINE:
        raise FormatError("the line is too long")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise FormatError("the line is no JSON") from None
    if not isinstance(value, dict):
        raise FormatError("the line is no object")
    told = value.pop("tag", None)
    if not isinstance(told, str) or not hmac.compare_digest(
        tag(_tagged(value)).hex().encode(), told.encode("utf-8", "replace")
    ):
        raise FormatError("the line was not written with this trail's master key")
    if value.get("v") != VERSION:
        raise FormatError("the line is of another version")
    grant, key, use = value.get("grant"), value.get("key"), value.get("use")
    if not (isinstance(grant, str) and isinstance(key, str) and isinstance(use, dict)):
        raise FormatError("the line is of another shape")
    return SpooledUse(grant, key, _use(use))


def _use(value: dict[str, object]) -> GrantUse:
    outcome, stopped = value.get("outcome"), value.get("stopped")
    texts = {name: str(value.get(name, "")) for name in _TEXTS}
    if outcome not in ("deny", "error") or not isinstance(stopped, list):
        raise FormatError("the line is of another shape")
    parse_time(texts["claimed"])
    told: Literal["deny", "error"] = "deny" if outcome == "deny" else "error"
    return GrantUse(told, stopped=tuple(map(str, stopped)), **texts)
