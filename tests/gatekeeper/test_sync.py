"""Config and SyncSets: what is kept of the cluster, and which namespaces are left alone."""

import pytest
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.sync import Process, Sync, load_sync, namespace_of

from tests.gatekeeper.workbench import Json, constraint, document, manifest, template


def config(spec: Json, name: str = "config") -> Json:
    return {
        "apiVersion": "config.gatekeeper.sh/v1alpha1",
        "kind": "Config",
        "metadata": {"name": name, "namespace": "gatekeeper-system"},
        "spec": spec,
    }


def sync_set(*kinds: Json, name: str = "a") -> Json:
    return {
        "apiVersion": "syncset.gatekeeper.sh/v1alpha1",
        "kind": "SyncSet",
        "metadata": {"name": name},
        "spec": {"gvks": list(kinds)},
    }


POD: Json = {"group": "", "version": "v1", "kind": "Pod"}
NODE: Json = {"version": "v1", "kind": "Node"}
INGRESS: Json = {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"}


def load(*values: Json) -> Sync:
    sync, errors = load_sync([document(value) for value in values])
    assert not errors, errors
    return sync


@pytest.mark.parametrize(
    ("values", "synced"),
    [
        ([], None),
        ([manifest()], None),
        ([config({})], set()),
        ([config({"sync": {"syncOnly": [POD]}})], {"v1/Pod"}),
        ([sync_set(NODE, INGRESS)], {"v1/Node", "networking.k8s.io/v1/Ingress"}),
        (
            [config({"sync": {"syncOnly": [POD]}}), sync_set(NODE), sync_set(POD, name="b")],
            {"v1/Pod", "v1/Node"},
        ),
    ],
)
def test_the_union_is_kept(values: list[Json], synced: set[str] | None) -> None:
    found = load(*values).synced
    assert (None if found is None else {str(kind) for kind in found}) == synced


MATCH = {
    "match": [
        {"processes": ["sync"], "excludedNamespaces": ["kube-*", "only-sync"]},
        {"processes": ["webhook", "audit"], "excludedNamespaces": ["*-system"]},
        {"processes": ["*"], "excludedNamespaces": ["everywhere"]},
        {"excludedNamespaces": ["no-process"]},
    ]
}


@pytest.mark.parametrize(
    ("process", "namespace", "excluded"),
    [
        ("sync", "kube-public", True),
        ("sync", "only-sync", True),
        ("sync", "a-system", False),
        ("sync", "everywhere", True),
        ("webhook", "kube-public", False),
        ("webhook", "a-system", True),
        ("audit", "a-system", True),
        ("mutation-webhook", "a-system", False),
        ("mutation-webhook", "everywhere", True),
        ("webhook", "no-process", False),
        ("webhook", "", False),
    ],
)
def test_excluded_namespaces(process: Process, namespace: str, excluded: bool) -> None:
    assert load(config(MATCH)).is_excluded(process, namespace) is excluded


def test_nothing_is_excluded_without_a_config() -> None:
    assert not Sync().is_excluded("webhook", "kube-system")


def test_a_star_excludes_what_has_no_namespace_too() -> None:
    sync = load(config({"match": [{"processes": ["webhook"], "excludedNamespaces": ["*"]}]}))
    assert sync.is_excluded("webhook", "")


def test_a_namespace_goes_by_its_name() -> None:
    assert namespace_of(manifest("Namespace", "shop"), "") == "shop"
    assert namespace_of(manifest("Namespace", "shop", group="other/v1"), "a") == "a"
    assert namespace_of(manifest("Pod", "p"), "a") == "a"


@pytest.mark.parametrize(
    ("value", "message", "line"),
    [
        (config({}, name="other"), "heeds the one named 'config' only", 5),
        (config({"sync": {"syncOnly": [{"group": "apps"}]}}), "needs a version and a kind", 11),
        (config({"sync": {"syncOnly": {}}}), "spec.sync.syncOnly must be a list", 10),
        (config({"match": [{"processes": ["hook"]}]}), "no process 'hook'", 12),
        (config({"match": [{"excludedNamespaces": ["a*b"]}]}), "'a\\*b' is no namespace", 12),
        (config({"match": [{"excludedNamespaces": "a"}]}), "must be a list", 11),
        (sync_set({"kind": "Pod"}), "needs a version and a kind", 9),
        (sync_set(name=""), "the SyncSet has no metadata.name", 5),
    ],
)
def test_mistakes_have_their_place(value: Json, message: str, line: int) -> None:
    _, errors = load_sync([document(value)])
    (error,) = errors
    assert error.location is not None and error.location.line == line
    with pytest.raises(type(error), match=message):
        raise error


def test_two_of_one_name_are_an_error() -> None:
    assert len(load_sync([document(sync_set(POD)), document(sync_set(NODE))])[1]) == 1


def test_they_are_part_of_the_policies_digest() -> None:
    policies = [document(template()), document(constraint({}))]
    digests = {
        load_policies([*policies, *map(document, more)]).policies.digest
        for more in (
            [],
            [config({})],
            [config(MATCH)],
            [config({}), sync_set(POD)],
            [config({}), sync_set(NODE)],
        )
    }
    assert len(digests) == 5
