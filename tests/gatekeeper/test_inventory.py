"""The inventory: where objects stand, and a digest that depends on nothing but them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import Number
from lockgate.engine.errors import InputError
from lockgate.engine.gvk import GroupVersionKind, gvk_of, parse_gvk
from lockgate.gatekeeper.inventory import InventoryBuilder, build_inventory, facts_of
from lockgate.gatekeeper.suite_report import render_report
from lockgate.gatekeeper.suite_run import run_suites

from tests.gatekeeper.inventory_cases import INVENTORY_CASES
from tests.gatekeeper.workbench import Json, SuiteFolder, constraint, manifest, template

SERVICE = GroupVersionKind("", "v1", "Service")


def test_places() -> None:
    node, service = manifest("Node", "n"), manifest("Service", "s", namespace="a")
    role = manifest("Role", "r", group="rbac.authorization.k8s.io/v1", namespace="a")
    assert build_inventory([node, service, role]) == {
        "cluster": {"v1": {"Node": {"n": node}}},
        "namespace": {
            "a": {"v1": {"Service": {"s": service}}, "rbac.authorization.k8s.io/v1": {"Role": {"r": role}}}
        },
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"kind": "Pod", "metadata": {"name": "a"}}, "resource a has no version"),
        ({"apiVersion": "v1", "metadata": {"name": "a"}}, "resource a has no kind"),
        ({"apiVersion": "a/b/c", "kind": "Pod"}, "has no version"),
        ({"apiVersion": 1, "kind": "Pod"}, "has no version"),
    ],
)
def test_objects_without_a_place(value: Json, message: str) -> None:
    with pytest.raises(InputError, match=message):
        InventoryBuilder().add(value)


def test_the_later_of_two_with_one_place_wins() -> None:
    builder = InventoryBuilder()
    for labels in ({"n": "1"}, {"n": "2"}):
        builder.add(manifest("Node", "n", labels=labels))
    assert (builder.count, builder.replaced) == (1, 1)
    assert builder.facts() == facts_of([manifest("Node", "n", labels={"n": "2"})])


@pytest.mark.parametrize(
    "other",
    [
        [manifest("Service", "a")],
        [manifest("Service", "a", namespace="b"), manifest("Service", "b", namespace="b")],
        [manifest("Service", "a", namespace="c")],
        [manifest("Service", "a", namespace="b", group="v2")],
        [manifest("Endpoints", "a", namespace="b")],
        [manifest("Service", "a", namespace="b", labels={"n": 1})],
        [manifest("Service", "a", namespace="b", labels={"n": Number("1.0")})],
        [manifest("Service", "a", namespace="b", labels={"n": "\udc00"})],
        [],
    ],
)
def test_a_digest_tells_inventories_apart(other: list[Json]) -> None:
    assert facts_of(other).digest != facts_of([manifest("Service", "a", namespace="b")]).digest


def test_a_digest_tells_what_is_covered() -> None:
    builder = InventoryBuilder()
    builder.add(manifest("Service", "a"))
    digests = {builder.facts(covered).digest for covered in (None, frozenset[Any](), frozenset({SERVICE}))}
    assert len(digests) == 3


def test_what_policies_find(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    for case in INVENTORY_CASES:
        suite.test(
            case.name,
            template(f'package probe\n\nviolation[{{"msg": "hit"}}] {{ {case.body} }}'),
            constraint({}),
            [(manifest(), case.inventory, [{"violations": 1 if case.holds else 0}])],
        )
    report = run_suites([str(suite.write())])
    assert not report.failed, render_report(report)


def test_values_of_secrets_are_not_hashed() -> None:
    def digest(**fields: Any) -> str:
        return facts_of([{**manifest("Secret", "s", namespace="a"), **fields}]).digest

    assert digest(data={"p": "a"}, stringData={"q": "b"}) == digest(data={"p": "c"}, stringData={"q": "d"})
    assert len({digest(data={"p": "a"}), digest(data={"q": "a"}), digest(), digest(type="Opaque")}) == 4


names = st.sampled_from(["a", "b", "c"])
objects = st.lists(
    st.builds(
        manifest,
        st.sampled_from(["Service", "Node"]),
        names,
        namespace=st.sampled_from(["", "a", "b"]),
        labels=st.dictionaries(names, st.one_of(names, st.integers(), st.builds(Number, st.just("1.5")))),
    ),
    unique_by=lambda made: (made["kind"], made["metadata"]["name"], made["metadata"]["namespace"]),
    max_size=8,
)


@given(objects, st.randoms(use_true_random=False))
def test_neither_the_order_of_objects_nor_of_keys_counts(values: list[Json], random: Any) -> None:
    shuffled = [dict(reversed(value.items())) for value in values]
    random.shuffle(shuffled)
    assert facts_of(shuffled) == facts_of(values)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("v1/Service", SERVICE),
        ("apps/v1/Deployment", GroupVersionKind("apps", "v1", "Deployment")),
        ("Service", None),
        ("/Service", None),
        ("v1/", None),
        ("a/b/c/D", None),
        ("", None),
    ],
)
def test_kinds_as_users_name_them(text: str, kind: GroupVersionKind | None) -> None:
    assert parse_gvk(text) == kind
    if kind is not None:
        assert str(kind) == text
        assert gvk_of({"apiVersion": kind.api_version, "kind": kind.kind}) == kind
