"""References to MLflow: versions and aliases of its registry, and runs, by its REST API (https://mlflow.org/docs/latest/rest-api.html)."""

import re
from collections.abc import Mapping
from typing import Final, final

from lockgate.engine.errors import InputError
from lockgate.engine.evidence.registries import read_mlflow_version
from lockgate.webhook.references.client import AskingError, Client
from lockgate.webhook.references.json_api import JsonApi
from lockgate.webhook.references.reference import Reference
from lockgate.webhook.references.resolution import SHA256, Digest, Leads, Outcome, Unresolved
from lockgate.webhook.terminal import printable

_FIX: Final = "write the reference at which the model lies"
_LOGGED: Final = re.compile(r"m-[0-9a-f]{32}")
API: Final = ("api", "2.0", "mlflow")


@final
class MlflowResolver:
    """One server. headers: who asks, if that is said."""

    def __init__(self, client: Client, headers: Mapping[str, str]) -> None:
        self._api = JsonApi(client, headers, API)

    @property
    def name(self) -> str:
        """What it is called."""
        return "mlflow"

    def resolve(self, reference: Reference) -> Outcome | None:
        """Where a version's or a run's artefacts lie, or which version an alias is now."""
        try:
            if reference.scheme == "runs":
                return self._run(reference)
            name, at, alias = reference.uri.removeprefix("models:/").rpartition("@")
            if _LOGGED.fullmatch(reference.location):
                return self._logged(reference.location)
            if at and name:
                return self._alias(name, alias)
            if reference.version:
                return self._version(reference)
        except AskingError as error:
            return Unresolved(error.message, _FIX)
        except InputError as error:
            return Unresolved(f"{self._api.shown}: {printable(error.message)}", _FIX)
        return Unresolved(
            "a stage, or whatever is latest, moves",
            "write the version (models:/name/3) or an alias (models:/name@alias)",
        )

    def _alias(self, name: str, alias: str) -> Outcome:
        told = self._api.get(["registered-models", "alias"], {"name": name, "alias": alias}).get(
            "model_version"
        )
        version = told.get("version")
        number = version.integer()
        if told.get("name").text() != name:
            told.get("name").refuse("is another model's")
        return Leads(f"models:/{name}/{number}")

    def _logged(self, model: str) -> Outcome:
        """A model of MLflow 3 by its own number, to which a version may lead."""
        info = self._api.get(["logged-models", model], {}).get("model").get("info")
        if info.get("model_id").text() != model:
            info.get("model_id").refuse("is another model's")
        return Leads(info.get("artifact_uri").text(1024))

    def _version(self, reference: Reference) -> Outcome:
        query = {"name": reference.location, "version": reference.version}
        evidence = read_mlflow_version(self._api.get(["model-versions", "get"], query))
        said = evidence.fields["name"], evidence.fields["version"]
        if said != (reference.location, reference.version):
            raise AskingError(f"{self._api.shown} answers with another version")
        claimed = Digest(SHA256, evidence.subjects[0]) if len(evidence.subjects) == 1 else None
        return Leads(str(evidence.fields["source"]), claimed)

    def _run(self, reference: Reference) -> Outcome:
        run, _, path = reference.location.partition("/")
        info = self._api.get(["runs", "get"], {"run_id": run}).get("run").get("info")
        place = info.get("artifact_uri").text(1024).rstrip("/")
        if info.get("run_id").text() != run:
            info.get("run_id").refuse("is another run's")
        return Leads(f"{place}/{path}" if path else place)
