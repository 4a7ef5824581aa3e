"""The inventory that is kept is the one that would be made anew, and what was given out stays as it was."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lockgate.gatekeeper.inventory import InventoryBuilder
from lockgate.webhook.serving.live_inventory import LiveInventory
from lockgate.webhook.serving.objects import ObjectKey

from tests.gatekeeper.workbench import manifest
from tests.webhook.serving.builders import key_of, kinds

OBJECTS = st.builds(
    lambda kind, group, name, namespace, data: manifest(
        kind, name, group=group, **({"namespace": namespace} if namespace else {}), labels={"a": data}
    ),
    st.sampled_from(["Service", "Node"]),
    st.sampled_from(["v1", "example.com/v1"]),
    st.sampled_from("xy"),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from("12"),
)
COVERED = kinds("v1/Service")


@given(st.lists(st.tuples(OBJECTS, st.booleans(), st.booleans()), max_size=20))
def test_it_is_the_inventory_made_anew(steps: list[tuple[dict[str, Any], bool, bool]]) -> None:
    inventory, known = LiveInventory(), dict[ObjectKey, dict[str, Any]]()
    given_out: list[tuple[Any, Any]] = []
    for value, is_gone, is_asked in steps:
        key = key_of(value)
        if is_gone:
            inventory.remove(key)
            known.pop(key, None)
        else:
            inventory.put(key, value)
            known[key] = value
        if is_asked:
            tree = inventory.facts(COVERED).inventory
            given_out.append((tree, copy.deepcopy(tree)))
    builder = InventoryBuilder()
    for value in known.values():
        builder.add(value)
    assert inventory.facts(COVERED) == builder.facts(COVERED)
    assert set(inventory.keys()) == set(known)
    assert len(inventory) == len(known)
    for tree, as_it_was in given_out:
        assert tree == as_it_was
