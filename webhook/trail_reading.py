"""A log to be read: a trail's home or an export, with the keys that it is read under and where those came from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from lockgate.audit.errors import VerificationError
from lockgate.audit.export_folder import ExportFolder, is_export
from lockgate.audit.reader import TrailReader
from lockgate.audit.standing import Standing
from lockgate.audit.store.appender import system_clock
from lockgate.audit.trust import AnchoredNote, Trust
from lockgate.audit.witness_policy import parse_witness_policy
from lockgate.engine.errors import UsageError
from lockgate.webhook.given_keys import UNKNOWN, read_key
from lockgate.webhook.trail import Trail, open_trail
from lockgate.webhook.trail_config import LOG_KEY
from lockgate.webhook.trust_config import MAXIMUM_AGE_S, read_trust


@dataclass(frozen=True, slots=True)
class Reading:
    """A log, what is believed of it, and whether that came from outside of the folder that it lies in."""

    reader: TrailReader
    trust: Trust
    trail: Trail | None
    from_outside: bool

    def anchored(self) -> tuple[AnchoredNote, ...]:
        """What the trail's anchors hold, read from them now."""
        return () if self.trail is None else self.trail.anchored()

    def standing(self) -> Standing:
        """Where the log stands by its latest checkpoint."""
        return Standing(self.reader, self.trust, self.anchored(), system_clock())

    def close(self) -> None:
        """Closes the database."""
        if self.trail is not None:
            self.trail.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _own_trust(place: Path, origin: str, administrator: str) -> Trust:
    """Trust in the key that lies in an export. Raises VerificationError where none does."""
    try:
        key = read_key(str(place / LOG_KEY))
    except UsageError as error:
        raise VerificationError(error.message, where=LOG_KEY, hint="give --log-key") from None
    return Trust(origin, (key,), administrator, (), parse_witness_policy("quorum none\n"), MAXIMUM_AGE_S)


def open_reading(folder: str, log_keys: Sequence[str] = (), trust_file: str | None = None) -> Reading:
    """Opens a trail's home or an export.

    Keys and trust that are given count as from outside, unless they lie in the folder itself. Without them a home's own
    trust file, or an export's own key, is used. Raises UsageError or TrailError.
    """
    place = Path(folder)
    trail = None if is_export(place) else open_trail(folder)
    try:
        reader: TrailReader = ExportFolder(place) if trail is None else trail.store
        given = [one for one in (*log_keys, trust_file) if one is not None]
        outside = bool(given) and not any(_is_inside(one, place) for one in given)
        if trust_file is not None:
            trust = read_trust(Path(trust_file))
        elif trail is not None:
            trust = trail.trust()
        else:
            trust = _own_trust(place, reader.origin, UNKNOWN)
        if log_keys:
            trust = replace(trust, log_keys=tuple([read_key(one) for one in log_keys]))
            if trust_file is None and trail is None:
                # An export may name itself as it likes; the key says whose it has to be.
                trust = replace(trust, origin=trust.log_keys[0].name)
        return Reading(reader, trust, trail, outside)
    except BaseException:
        if trail is not None:
            trail.close()
        raise


def _is_inside(name: str, place: Path) -> bool:
    path = Path(name)
    return path.exists() and path.resolve().is_relative_to(place.resolve())
