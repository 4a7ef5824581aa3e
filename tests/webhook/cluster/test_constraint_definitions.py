"""The definition that a template makes: Gatekeeper's names, versions and schema, and a label that tells it from others."""

from typing import Any

from lockgate.engine.gvk import parse_gvk
from lockgate.gatekeeper.template import parse_template
from lockgate.webhook.cluster.constraint_definitions import constraint_definition, is_gatekeeper_there

from tests.gatekeeper.workbench import document, template

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def definition(**metadata: Any) -> Any:
    value = template(schema=SCHEMA)
    value["metadata"].update(metadata)
    value["spec"]["crd"]["spec"]["names"]["shortNames"] = ["pr"]
    return constraint_definition(parse_template(document(value)))


def test_it_is_named_and_served_as_gatekeepers() -> None:
    made = definition()
    assert made["metadata"]["name"] == "probe.constraints.gatekeeper.sh"
    assert made["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "lockgate"
    spec = made["spec"]
    assert (spec["group"], spec["scope"]) == ("constraints.gatekeeper.sh", "Cluster")
    assert spec["names"] == {
        "kind": "Probe",
        "listKind": "ProbeList",
        "plural": "probe",
        "singular": "probe",
        "categories": ["constraint", "constraints"],
        "shortNames": ["pr"],
    }
    assert [(one["name"], one["served"], one["storage"]) for one in spec["versions"]] == [
        ("v1beta1", True, True),
        ("v1alpha1", True, False),
    ]
    for version in spec["versions"]:
        assert version["subresources"] == {"status": {}}
        schema = version["schema"]["openAPIV3Schema"]
        assert schema["properties"]["spec"]["properties"]["parameters"] == SCHEMA
        assert "x-kubernetes-embedded-resource" not in schema


def test_its_digest_is_that_of_what_it_says_and_its_owner_is_the_template() -> None:
    first, again = definition(), definition(uid="u", annotations={"a": "b"})
    assert first["metadata"]["annotations"] == again["metadata"]["annotations"]
    assert "ownerReferences" not in first["metadata"]
    (owner,) = again["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("ConstraintTemplate", "probe", "u")


def test_gatekeeper_is_known_by_a_group_that_only_it_has() -> None:
    ours = [parse_gvk(name) for name in ("templates.gatekeeper.sh/v1/ConstraintTemplate", "v1/Pod")]
    its = parse_gvk("status.gatekeeper.sh/v1beta1/ConstraintPodStatus")
    assert not is_gatekeeper_there([one for one in ours if one])
    assert is_gatekeeper_there([one for one in (*ours, its) if one])
