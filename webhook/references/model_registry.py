"""References to Kubeflow's Model Registry, by its REST API v1alpha3, as KServe's storage initializer for it reads them.

https://www.kubeflow.org/docs/components/hub/reference/rest-api/
"""

from collections.abc import Mapping
from typing import Final, final

from lockgate.engine.errors import InputError
from lockgate.engine.evidence.registries import read_kubeflow
from lockgate.engine.foreign_documents import Part
from lockgate.webhook.references.client import AskingError, Client
from lockgate.webhook.references.json_api import JsonApi
from lockgate.webhook.references.reference import Reference
from lockgate.webhook.references.resolution import SHA256, Digest, Leads, Outcome, Unresolved
from lockgate.webhook.terminal import printable

_FIX: Final = "write the reference at which the model lies"
API: Final = ("api", "model_registry", "v1alpha3")
_MOST: Final = 1_000


@final
class ModelRegistryResolver:
    """One registry. headers: who asks, if that is said."""

    def __init__(self, client: Client, headers: Mapping[str, str]) -> None:
        self._api = JsonApi(client, headers, API)

    @property
    def name(self) -> str:
        """What it is called."""
        return "model-registry"

    def resolve(self, reference: Reference) -> Outcome | None:
        """Where the artefact of a version lies."""
        if not reference.version:
            return Unresolved(
                "without a version the newest is loaded, whichever that is",
                "write model-registry://name/version",
            )
        try:
            return self._version(reference)
        except AskingError as error:
            return Unresolved(error.message, _FIX)
        except InputError as error:
            return Unresolved(f"{self._api.shown}: {printable(error.message)}", _FIX)

    def _version(self, reference: Reference) -> Outcome:
        model = self._named(["registered_model"], {"name": reference.location})
        query = {"name": reference.version, "parentResourceId": model.get("id").text(64)}
        version = self._named(["model_version"], query)
        if version.get("registeredModelId").text(64) != model.get("id").text():
            version.get("registeredModelId").refuse("is another model's")
        listed = self._api.get(["model_versions", version.get("id").text(64), "artifacts"], {})
        artefacts = [*listed.get("items").items(_MOST)]
        if len(artefacts) != 1:
            raise AskingError(f"the version has {len(artefacts)} artefacts, and the newest is loaded")
        subjects = read_kubeflow(version).subjects or read_kubeflow(artefacts[0]).subjects
        claimed = Digest(SHA256, subjects[0]) if len(subjects) == 1 else None
        return Leads(artefacts[0].get("uri").text(1024), claimed)

    def _named(self, segments: list[str], query: Mapping[str, str]) -> Part:
        """One object, which has the name that was asked for."""
        found = self._api.get(segments, query)
        if found.get("name").text() != query["name"]:
            found.get("name").refuse("is another one's")
        return found
