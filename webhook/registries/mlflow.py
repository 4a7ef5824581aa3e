"""MLflow's model registry, by its REST API (https://mlflow.org/docs/latest/rest-api.html)."""

from collections.abc import Iterator, Mapping
from typing import Final, final

from lockgate.engine.errors import UsageError
from lockgate.engine.evidence.registries import read_mlflow_version
from lockgate.engine.foreign_documents import Part
from lockgate.webhook.references.client import AskingError, Client
from lockgate.webhook.references.json_api import JsonApi
from lockgate.webhook.references.mlflow import API
from lockgate.webhook.registries.registry import MOST_PAGES, PAGE, Mark, RegisteredVersion

_READY: Final = ("", "READY")
_MOST_ALIASES: Final = 1_000


@final
class MlflowRegistry:
    """One server. headers: who asks, if that is said."""

    def __init__(self, client: Client, headers: Mapping[str, str]) -> None:
        self._api: Final = JsonApi(client, headers, API)

    @property
    def shown(self) -> str:
        """Where it is."""
        return self._api.shown

    def marked(self, name: str, mark: Mark) -> Iterator[RegisteredVersion]:
        """The versions of a model that have a mark."""
        if mark.kind in ("version", "alias"):
            number = mark.name if mark.kind == "version" else self.aliased(name, mark.name)
            if number:
                query = {"name": name, "version": number}
                found = self._api.get(["model-versions", "get"], query).get("model_version")
                made, _ = _version(found, name)
                if made.version != number:
                    found.get("version").refuse("is another one's")
                yield made
            return
        for found in self._versions(name):
            made, fields = _version(found, name)
            if mark.kind == "every" or _has(fields, mark):
                yield made

    def aliased(self, name: str, alias: str) -> str:
        """The version that an alias is, "" where it is none."""
        model = self._api.get(["registered-models", "get"], {"name": name}).get("registered_model")
        if model.get("name").text() != name:
            model.get("name").refuse("is another model's")
        listed = model.maybe("aliases")
        for one in () if listed is None else listed.items(_MOST_ALIASES):
            if one.get("alias").text() == alias:
                return str(one.get("version").integer())
        return ""

    def move(self, version: RegisteredVersion, alias: str, tags: Mapping[str, str]) -> None:
        """Makes the alias that version."""
        which = {"name": version.name, "version": version.version}
        for key, value in tags.items():
            self._api.send("POST", ["model-versions", "set-tag"], {**which, "key": key, "value": value})
        self._api.send("POST", ["registered-models", "alias"], {**which, "alias": alias})

    def _versions(self, name: str) -> Iterator[Part]:
        if "'" in name and '"' in name:
            raise UsageError("MLflow cannot be asked for a model with both quotes in its name")
        quote = '"' if "'" in name else "'"
        query = {"filter": f"name={quote}{name}{quote}", "max_results": str(PAGE)}
        for _ in range(MOST_PAGES):
            page = self._api.get(["model-versions", "search"], query)
            listed = page.maybe("model_versions")
            if listed is not None:
                yield from listed.items(PAGE)
            token = page.maybe("next_page_token")
            if token is None or not token.text():
                return
            query["page_token"] = token.text()
        raise AskingError(f"{self.shown} tells of its versions in more than {MOST_PAGES} pages")


def _version(told: Part, name: str) -> tuple[RegisteredVersion, Mapping[str, object]]:
    evidence = read_mlflow_version(told)
    fields = evidence.fields
    if fields["name"] != name:
        told.get("name").refuse("is another model's")
    version = str(told.get("version").integer())
    status = fields["status"]
    made = RegisteredVersion(
        f"models:/{name}/{version}",
        name,
        version,
        fields["source"],
        fields["runId"],
        evidence.subjects[0] if len(evidence.subjects) == 1 else "",
        "" if status in _READY else f"its status is {status}",
        version,
    )
    return made, fields


def _has(fields: Mapping[str, object], mark: Mark) -> bool:
    if mark.kind == "stage":
        return fields["stage"] == mark.name
    tags = fields["tags"]
    return isinstance(tags, dict) and tags.get(mark.name) == mark.value
