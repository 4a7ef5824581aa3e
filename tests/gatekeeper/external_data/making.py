"""Providers, templates that ask them, and Decisions on a Pod, for tests."""

import base64
from collections.abc import Mapping
from typing import Any

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Decision
from lockgate.engine.evaluate import evaluate
from lockgate.engine.external_data import Providers
from lockgate.engine.policy import Facts
from lockgate.gatekeeper.loader import Loaded, load_policies
from lockgate.gatekeeper.target import Cluster, review_document

from tests.gatekeeper.workbench import Json, constraint, document, manifest, template

ASKS = """package probe

violation[{"msg": msg}] {
  images := [c.image | c := input.review.object.spec.containers[_]]
  response := external_data({"provider": input.parameters.provider, "keys": images})
  msg := said(response)[_]
}

said(r) = m {
  r.system_error == ""
  m := [sprintf("%v: %v", e) | e := r.errors[_]]
}

said(r) = [sprintf("down: %v", [r.system_error])] { r.system_error != "" }
"""
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def provider(url: str = "https://p.example:8090/ask", ca: bytes = b"", **spec: Any) -> Json:
    """A Provider named `p`."""
    return {
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "Provider",
        "metadata": {"name": "p"},
        "spec": {"url": url, "timeout": 5, "caBundle": base64.b64encode(ca).decode(), **spec},
    }


def asking(rego: str = ASKS, *, kind: str = "Probe", annotations: Mapping[str, str] | None = None) -> Json:
    """A template that asks a provider."""
    made = template(rego, kind=kind, schema=OPEN)
    made["metadata"]["annotations"] = dict(annotations or {})
    return made


def bound(
    name: str = "probe", *, asks: str = "p", annotations: Mapping[str, str] | None = None, **spec: Any
) -> Json:
    """A constraint that names the provider."""
    made = constraint({"parameters": {"provider": asks}, **spec}, name=name)
    made["metadata"]["annotations"] = dict(annotations or {})
    return made


def pod(*images: str) -> Json:
    """A Pod of these images."""
    return {
        **manifest(),
        "spec": {"containers": [{"name": f"c{n}", "image": one} for n, one in enumerate(images)]},
    }


def load(*objects: Json) -> Loaded:
    return load_policies([document(one, f"policy-{number}.json") for number, one in enumerate(objects)])


def decide(loaded: Loaded, value: Json, providers: Providers | None, **limits: Any) -> Decision:
    """The Decision on an object."""
    assert not loaded.errors, loaded.errors
    review = review_document(document(value), Cluster())
    return evaluate(
        review, loaded.policies, Facts({}, providers=providers), now_ns=0, limits=Limits(**limits)
    )


def messages(decision: Decision) -> list[str]:
    return [one.message for one in decision.violations]
