"""Keeps a server's own certificates: tends them, writes its files, and says when they have changed.

The server calls `step` at once, and again when it says; a server with files of somebody else's watches those
(`files.FileWatch`) instead.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from lockgate.engine.record import record
from lockgate.webhook.certificates.authority import DAY_NS, SECOND_NS
from lockgate.webhook.certificates.files import TlsFiles, write_files
from lockgate.webhook.certificates.rotation import next_ns
from lockgate.webhook.certificates.state import CertificateState
from lockgate.webhook.certificates.tending import BundlePublisher, CertificateStore, tend

# Another replica may have changed what is kept, or a person a configuration.
LOOK_NS: Final = 20 * SECOND_NS

Changed = Callable[[tuple[Path, ...]], None]


@record
class Standing:
    """How the certificates stand. next_ns: when to look again. expires_ns: when the one that is shown expires, and
    authority_ns: whoever issued it. bundle: whom to trust, in PEM."""

    files: TlsFiles
    next_ns: int
    expires_ns: int
    authority_ns: int
    bundle: str

    def days_left(self, now_ns: int) -> float:
        """Days until the certificate that is shown expires."""
        return (self.expires_ns - now_ns) / DAY_NS


class CertificateKeeper:
    """Keeps the certificates of one server.

    folder: of the files that its TLS is set up from. changed: is told these files when they are others than before.
    """

    def __init__(
        self,
        store: CertificateStore,
        publisher: BundlePublisher,
        names: tuple[str, ...],
        folder: Path,
        changed: Changed,
    ) -> None:
        self._store: Final = store
        self._publisher: Final = publisher
        self._names: Final = names
        self._folder: Final = folder
        self._changed: Final = changed
        self._shown = ""

    def step(self, now_ns: int) -> Standing:
        """Does what there is to do. Raises LockgateError; what is shown then stays."""
        state = tend(self._store, self._publisher, self._names, now_ns)
        assert state.serving is not None
        files = write_files(state, self._folder)
        self._tell(state, files)
        (issuer,) = [one for one in state.authorities if one.identity == state.serving.issuer]
        look_ns = min(next_ns(state, now_ns), now_ns + LOOK_NS)
        return Standing(
            files, look_ns, state.serving.pair.not_after_ns, issuer.pair.not_after_ns, state.bundle
        )

    def _tell(self, state: CertificateState, files: TlsFiles) -> None:
        assert state.serving is not None
        shown = state.serving.pair.identity
        if shown != self._shown:
            self._changed(files.paths)
            self._shown = shown
