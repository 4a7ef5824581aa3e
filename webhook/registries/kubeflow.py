"""Kubeflow's Model Registry, by its REST API v1alpha3 (https://www.kubeflow.org/docs/components/hub/reference/rest-api/).

It has no aliases: one is a label, as its page calls a custom property that is an empty text, on one version of the model.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, final

from lockgate.engine.errors import UsageError
from lockgate.engine.evidence.registries import read_kubeflow
from lockgate.engine.foreign_documents import Part
from lockgate.webhook.references.client import AskingError, Client
from lockgate.webhook.references.json_api import JsonApi
from lockgate.webhook.references.model_registry import API
from lockgate.webhook.registries.registry import MOST_PAGES, PAGE, Mark, RegisteredVersion

_LIVE: Final = ("", "LIVE")
_ARTIFACT: Final = "model-artifact"
_MOST_ARTIFACTS: Final = 1_000


@final
class KubeflowRegistry:
    """One server. headers: who asks, if that is said."""

    def __init__(self, client: Client, headers: Mapping[str, str]) -> None:
        self._api: Final = JsonApi(client, headers, API)

    @property
    def shown(self) -> str:
        """Where it is."""
        return self._api.shown

    def marked(self, name: str, mark: Mark) -> Iterator[RegisteredVersion]:
        """The versions of a model that have a mark."""
        if mark.kind == "stage":
            raise UsageError(
                "Kubeflow's Model Registry has no stages",
                hint="name a label (--alias) or a custom property (--tag)",
            )
        for found in self._versions(name):
            if _has(found, mark):
                yield self._version(found, name)

    def aliased(self, name: str, alias: str) -> str:
        """The version that has a label, "" where none has it."""
        there = [one.get("name").text() for one in self._versions(name) if _has(one, Mark("alias", alias))]
        if len(there) > 1:
            raise AskingError(
                f"{len(there)} versions of {name[:200]} have the label {alias[:200]}, and one may have it"
            )
        return there[0] if there else ""

    def move(self, version: RegisteredVersion, alias: str, tags: Mapping[str, str]) -> None:
        """Takes the label off every other version of the model, and puts it on that one: while it moves no version has it."""
        for found in self._versions(version.name):
            own = found.get("id").text(64)
            if own != version.own and _has(found, Mark("alias", alias)):
                self._write(own, {key: value for key, value in _properties(found).items() if key != alias})
        for found in self._versions(version.name):
            if found.get("id").text(64) == version.own:
                put = {key: _text(value) for key, value in {alias: "", **tags}.items()}
                self._write(version.own, {**_properties(found), **put})
                return
        raise AskingError(f"{self.shown} does not tell of {version.reference} any more")

    def _write(self, own: str, properties: Mapping[str, Any]) -> None:
        """All custom properties of a version, since what is not sent is taken off."""
        told = self._api.send("PATCH", ["model_versions", own], {"customProperties": dict(properties)})
        if _properties(told).keys() != properties.keys():
            raise AskingError(f"{self.shown} did not take the labels of the version")

    def _versions(self, name: str) -> Iterator[Part]:
        model = self._api.get(["registered_model"], {"name": name})
        own = model.get("id").text(64)
        if model.get("name").text() != name:
            model.get("name").refuse("is another model's")
        query = {"pageSize": str(PAGE)}
        for _ in range(MOST_PAGES):
            page = self._api.get(["registered_models", own, "versions"], query)
            for one in page.get("items").items(PAGE):
                if one.get("registeredModelId").text(64) != own:
                    one.get("registeredModelId").refuse("is another model's")
                yield one
            token = page.maybe("nextPageToken")
            if token is None or not token.text():
                return
            query["nextPageToken"] = token.text()
        raise AskingError(f"{self.shown} tells of its versions in more than {MOST_PAGES} pages")

    def _version(self, found: Part, name: str) -> RegisteredVersion:
        own, version = found.get("id").text(64), found.get("name").text()
        evidence = read_kubeflow(found)
        state = evidence.fields.get("status", "")
        listed = self._api.get(["model_versions", own, "artifacts"], {}).get("items")
        artefacts = [
            one for one in listed.items(_MOST_ARTIFACTS) if one.get("artifactType").text() == _ARTIFACT
        ]
        unfit = "" if state in _LIVE else f"its state is {state}"
        if len(artefacts) != 1:
            unfit = unfit or f"it has {len(artefacts)} artefacts, and the newest is loaded"
        subjects = evidence.subjects or (read_kubeflow(artefacts[0]).subjects if artefacts else ())
        return RegisteredVersion(
            f"model-registry://{name}/{version}",
            name,
            version,
            artefacts[0].get("uri").text(1024) if artefacts else "",
            "",
            subjects[0] if len(subjects) == 1 else "",
            unfit,
            own,
        )


def _properties(version: Part) -> Mapping[str, Any]:
    found = version.maybe("customProperties")
    return {} if found is None else found.mapping()


def _text(value: str) -> dict[str, str]:
    return {"metadataType": "MetadataStringValue", "string_value": value}


def _has(version: Part, mark: Mark) -> bool:
    if mark.kind == "version":
        return version.get("name").text() == mark.name
    if mark.kind == "every":
        return True
    found = _properties(version).get(mark.name)
    return isinstance(found, dict) and found.get("string_value") == mark.value
