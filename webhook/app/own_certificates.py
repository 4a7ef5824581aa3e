"""The certificates that the server keeps by itself, tended beside everything else."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.errors import LockgateError
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.serving_options import OwnCertificates
from lockgate.webhook.certificates.files import CERTIFICATE, KEY, TlsFiles, check_files
from lockgate.webhook.certificates.folder_store import FolderStore
from lockgate.webhook.certificates.keeper import CertificateKeeper
from lockgate.webhook.certificates.tending import BundlePublisher, ByHand, CertificateStore

if TYPE_CHECKING:
    # Imported where there is a cluster.
    from lockgate.webhook.cluster.provider_bundles import ProviderBundles

# After a failure: an API server that starts is there within seconds.
RETRY_S: Final = 10.0
_SECOND_NS: Final = 1_000_000_000


@final
class CertificateTending:
    """One step after the other; what fails is told, and what is shown stays."""

    def __init__(self, options: OwnCertificates, log: Log, clock: Callable[[], int] = time.time_ns) -> None:
        self._options: Final = options
        self._log: Final = log
        self._clock: Final = clock
        self._ends: Mapping[str, float] = {}
        store, publisher, providers = _places(options)
        self._providers: Final = providers
        self._unkept = ""
        self._keeper: Final = CertificateKeeper(
            store, publisher, options.names, Path(options.folder), self._changed
        )

    @property
    def ends(self) -> Mapping[str, float]:
        """When what we keep beside the shown certificate ends (Unix seconds), by what it is for."""
        return self._ends

    def begin(self) -> float:
        """The first step, and the seconds until the next. Raises LockgateError where there is nothing to show."""
        try:
            return self._step()
        except LockgateError as error:
            # Of an earlier run, while the API server is away.
            folder = Path(self._options.folder)
            check_files(TlsFiles(folder / CERTIFICATE, folder / KEY))
            self._tell(error)
            return RETRY_S

    def go_on(self) -> float:
        """The next step, and the seconds until the one after it."""
        try:
            return self._step()
        except LockgateError as error:
            self._tell(error)
            return RETRY_S

    def _step(self) -> float:
        now_ns = self._clock()
        standing = self._keeper.step(now_ns)
        self._ends = {"authority": standing.authority_ns / _SECOND_NS}
        self._keep_providers(standing.bundle)
        return max(1.0, (standing.next_ns - now_ns) / _SECOND_NS)

    def _keep_providers(self, bundle: str) -> None:
        """What fails holds up nothing: it is told once, and tried again with the next step."""
        if self._providers is None:
            return
        try:
            written = self._providers.keep(bundle)
            self._unkept = ""
        except LockgateError as error:
            if str(error) != self._unkept:
                self._log.write("error", "Providers not kept", {"reason": str(error), "hint": error.hint})
            self._unkept = str(error)
        else:
            if written:
                self._log.write("info", "Providers kept", {"names": [*written]})

    def _changed(self, paths: tuple[Path, ...]) -> None:
        self._log.write("info", "certificate kept", {"files": [str(path) for path in paths]})

    def _tell(self, error: LockgateError) -> None:
        self._log.write("error", "certificates not kept", {"reason": str(error), "hint": error.hint})


def _places(
    options: OwnCertificates,
) -> "tuple[CertificateStore, BundlePublisher, ProviderBundles | None]":
    if options.secret is None:
        return FolderStore(Path(options.folder)), ByHand(), None
    from lockgate.webhook.cluster.connection import open_client
    from lockgate.webhook.cluster.provider_bundles import ProviderBundles
    from lockgate.webhook.cluster.secrets import SecretStore
    from lockgate.webhook.cluster.webhook_configurations import WebhookConfigurations

    api = open_client(options.context, options.kubeconfig)
    providers = ProviderBundles(api, options.names) if options.answers_providers else None
    return SecretStore(api, *options.secret), WebhookConfigurations(api, options.configurations), providers
