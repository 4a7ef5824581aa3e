"""Model registries in memory, with the answers that the published APIs of MLflow and Kubeflow have."""

import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from tests.webhook.references.servers import Reply, as_json

MLFLOW: Final = "/api/2.0/mlflow/"
KUBEFLOW: Final = "/api/model_registry/v1alpha3/"


@dataclass
class MlflowPeer:
    """One registered model. page: how many versions an answer has."""

    name: str = "fraud"
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    page: int = 200

    def register(self, version: str, **more: Any) -> None:
        self.versions[version] = {
            "name": self.name,
            "version": version,
            "source": f"s3://models/fraud/{version}",
            "run_id": "0123456789abcdef0123456789abcdef",
            "status": "READY",
            "current_stage": "None",
            "tags": [],
            **more,
        }

    def tag(self, version: str, key: str, value: str) -> None:
        self.versions[version]["tags"].append({"key": key, "value": value})

    def tags(self, version: str) -> dict[str, str]:
        return {one["key"]: one["value"] for one in self.versions[version]["tags"]}

    def answer(self, method: str, target: str, body: bytes) -> Reply | None:
        url = urlsplit(target)
        query = dict(parse_qsl(url.query))
        told = json.loads(body) if body else {}
        name = query.get("name") or told.get("name")
        asked = f"{method} {url.path.removeprefix(MLFLOW)}"
        if asked == "GET model-versions/search":
            if query["filter"] != f"name='{self.name}'":
                return as_json({})
            start = int(query.get("page_token", "0"))
            end = start + self.page
            listed = [*self.versions.values()]
            more = {"next_page_token": str(end)} if end < len(listed) else {}
            return as_json({"model_versions": listed[start:end], **more})
        if name != self.name:
            return as_json(
                {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"Registered Model {name}"}, 404
            )
        if asked == "GET registered-models/get":
            aliases = [{"alias": alias, "version": number} for alias, number in self.aliases.items()]
            return as_json({"registered_model": {"name": self.name, "aliases": aliases}})
        number = query.get("version") or told.get("version")
        if number not in self.versions:
            return as_json({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Model Version"}, 404)
        if asked == "GET model-versions/get":
            return as_json({"model_version": self.versions[number]})
        if asked == "POST model-versions/set-tag":
            self.tag(number, told["key"], told["value"])
            return as_json({})
        if asked == "POST registered-models/alias":
            self.aliases[told["alias"]] = number
            return as_json({})
        return None


@dataclass
class KubeflowPeer:
    """One registered model, which is number 1. Of custom properties those that are not sent are taken off, as the server does."""

    name: str = "fraud"
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    artefacts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def register(self, version: str, **more: Any) -> None:
        own = str(len(self.versions) + 10)
        self.versions[own] = {
            "id": own,
            "name": version,
            "registeredModelId": "1",
            "state": "LIVE",
            "customProperties": {"epochs": {"metadataType": "MetadataIntValue", "int_value": "3"}},
            **more,
        }
        uri = f"s3://models/fraud/{version}"
        self.artefacts[own] = [
            {"artifactType": "model-artifact", "id": own, "name": "model", "uri": uri},
            {"artifactType": "doc-artifact", "id": f"{own}0", "name": "card"},
        ]

    def label(self, version: str, name: str, value: str = "") -> None:
        said = {"metadataType": "MetadataStringValue", "string_value": value}
        self._named(version)["customProperties"][name] = said

    def labels(self, version: str) -> dict[str, Any]:
        found: dict[str, Any] = self._named(version)["customProperties"]
        return found

    def _named(self, version: str) -> dict[str, Any]:
        return next(one for one in self.versions.values() if one["name"] == version)

    def answer(self, method: str, target: str, body: bytes) -> Reply | None:
        url = urlsplit(target)
        query = dict(parse_qsl(url.query))
        path = url.path.removeprefix(KUBEFLOW).split("/")
        if (method, path) == ("GET", ["registered_model"]) and query.get("name") == self.name:
            return as_json({"id": "1", "name": self.name, "state": "LIVE"})
        if (method, path) == ("GET", ["registered_models", "1", "versions"]):
            return as_json(_list([*self.versions.values()]))
        if path[0] == "model_versions" and path[1] in self.versions:
            if method == "GET" and path[2:] == ["artifacts"]:
                return as_json(_list(self.artefacts[path[1]]))
            if method == "PATCH" and len(path) == 2:
                self.versions[path[1]].update(json.loads(body))
                return as_json(self.versions[path[1]])
        return as_json({"code": "404", "message": "not found"}, 404)


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": items, "nextPageToken": "", "pageSize": 200, "size": len(items)}
