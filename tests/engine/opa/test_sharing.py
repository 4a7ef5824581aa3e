"""Rules share libraries in a server only where none can see another's."""

import pytest
from lockgate.engine.opa.bundling import Call, Rules, make_push
from lockgate.engine.opa.sharing import families
from lockgate.engine.rego.source import Source

LIB = "package lib.a\n\nx = 1\n"
OTHER = "package lib.b\n\nx = 1\n"
USES = "package p\n\nimport data.lib.a\n\nviolation[a.x] { true }\n"
# The second rules, beside those of USES with LIB; do they share?
CASES: dict[str, tuple[str, list[str], bool]] = {
    "the same": (USES, [LIB], True),
    "one more": (USES, [LIB, OTHER], True),
    "another text": (USES, ["package lib.a\n\nx = 2\n"], False),
    "none in common": ("package p\nviolation[data.lib.b.x] { true }", [OTHER], False),
    "no libraries": ("package p\nviolation[1] { true }", [], False),
    "a package inside": (USES, [LIB, "package lib.a.b\ny = 1\n"], False),
    "a library of others": ("package p\nviolation[x] { x = data.lib.c.x }", [LIB], False),
    "all libraries": ("package p\nviolation[x] { x = data.lib[_].x }", [LIB], False),
    "all libraries, imported": ("package p\nimport data.lib as l\nviolation[x] { x = l[_].x }", [LIB], False),
    "by a string": ('package p\nviolation[x] { x = data["lib"]["a"].x }', [LIB], True),
    "by a name that is not fixed": ("package p\nviolation[x] { a = 1; x = data.lib[a] }", [LIB], False),
    "the inventory": ("package p\nviolation[x] { x = data.inventory.cluster; data.lib.a.x }", [LIB], True),
    "a field called data": ("package p\nviolation[x] { x = input.data.other; data.lib.a.x }", [LIB], True),
}


def source(text: str) -> Source:
    return Source(text, "a.rego", "v0")


def rules(entry: str, libs: list[str]) -> Rules:
    return Rules(source(entry), tuple(map(source, libs)))


@pytest.mark.parametrize("name", CASES)
def test_families(name: str) -> None:
    entry, libs, shares = CASES[name]
    both = [(one.entry, one.libs) for one in (rules(USES, [LIB]), rules(entry, libs))]
    found = families(both)
    assert sorted(number for family in found for number in family.members) == [0, 1]
    assert (len(found) == 1) == shares


def test_a_library_is_pushed_once() -> None:
    calls = [
        Call(rules(USES, [LIB]), {}),
        Call(rules(USES + "\n", [LIB, OTHER]), {}),
        Call(rules(USES, [LIB]), {"a": 1}),
    ]
    push = make_push(calls, None)
    assert len({module.id for module in push.modules}) == len(push.modules)
    # Two libraries, two modules with rules, and what asks them.
    assert len(push.modules) == 5
    assert sum(module.text.split("\n")[0].endswith("lib.a") for module in push.modules) == 1


def test_a_template_that_changes_leaves_the_libraries() -> None:
    before = make_push([Call(rules(USES, [LIB]), {})], None)
    after = make_push([Call(rules(USES + "# new\n", [LIB]), {})], None)
    kept = {module.id for module in before.modules} & {module.id for module in after.modules}
    assert len(kept) == 1


def test_what_reads_the_inventory_goes_by_its_digest() -> None:
    reads = "package lib.r\n\nx = data.inventory.cluster\n"
    entry = "package p\nviolation[x] { x = data.lib.r.x }"
    ids = [
        {module.id for module in make_push([Call(rules(entry, [reads]), {})], digest).modules}
        for digest in ("a" * 64, "b" * 64)
    ]
    assert not ids[0] & ids[1]
