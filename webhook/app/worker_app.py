"""What a worker answers, by paths: reviews, and questions to its providers of external data."""

from typing import final

from lockgate.webhook.app.admission_app import AdmissionApp
from lockgate.webhook.app.http_application import Head, Reading, Unread
from lockgate.webhook.app.provider_app import ProviderApp, is_for_providers
from lockgate.webhook.serving.answer import HttpAnswer


@final
class WorkerApp:
    """Gives each request to whom it is for."""

    def __init__(self, admission: AdmissionApp, providers: ProviderApp) -> None:
        self._admission = admission
        self._providers = providers

    def begin(self, head: Head) -> Reading | HttpAnswer:
        """The answer to a head, or what takes the body."""
        return self._of(head.path).begin(head)

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        """The answer to a request that is not read to its end."""
        return self._of(path).unread(reason, path)

    def _of(self, path: str) -> AdmissionApp | ProviderApp:
        return self._providers if is_for_providers(path) else self._admission
