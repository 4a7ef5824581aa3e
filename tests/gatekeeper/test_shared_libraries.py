"""Templates that share libraries say what each says for itself: that they are one program cannot be told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import PolicyError
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import Facts
from lockgate.engine.rego import compiler
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.gatekeeper.compiled_rego import EXTERNAL_DATA, INVENTORY, RegoTemplate
from lockgate.gatekeeper.loader import Loaded, load_policies
from lockgate.gatekeeper.memo import Memo
from lockgate.gatekeeper.rego_compile import ModuleCache, check_template
from lockgate.gatekeeper.rego_template import TemplateCompiler
from lockgate.gatekeeper.shared_libraries import group_templates
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.gatekeeper.template import Template, parse_template

from tests.gatekeeper.workbench import constraint, document, manifest, template
from tests.policies.shipped import RULES, load

OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
# Enough text that sharing it is worth it.
PADDING = "\n".join(f"# {'long ' * 20}{number}" for number in range(60))
NAMES = f"""package lib.names

name := input.review.object.metadata.name

wanted := object.get(input.parameters, "names", [])

allowed(given) {{ given == wanted[_] }}

greeting(word) = text {{ text := sprintf("%v %v", [word, name]) }}
{PADDING}
"""
USES = """package {0}

import data.lib.names

violation[{{"msg": msg}}] {{
  not names.allowed(names.name)
  msg := names.greeting("{0}")
}}
"""


def made(kind: str, rego: str, libs: Sequence[str] = (NAMES,)) -> Template:
    return parse_template(document(template(rego, kind=kind, libs=[*libs]), f"{kind.lower()}.json"))


def groups(*templates: Template) -> list[list[str]]:
    modules = ModuleCache()
    checked = [check_template(one, modules) for one in templates]
    return sorted([[one.template.kind for one in group] for group in group_templates(checked)])


def documents_of(*kinds: str, rego: str = USES) -> list[Document]:
    found = []
    for kind in kinds:
        found.append(
            document(
                template(rego.format(kind.lower()), kind=kind, schema=OPEN, libs=[NAMES]), f"{kind}.json"
            )
        )
        spec = {"parameters": {"names": [f"only-{kind.lower()}"]}}
        found.append(document(constraint(spec, kind=kind, name="one"), f"{kind}-one.json"))
    return found


def said(loaded: Loaded, objects: Sequence[Document]) -> list[str]:
    assert not loaded.errors, loaded.errors
    lines = []
    for one in objects:
        decision = evaluate(
            review_document(one, Cluster()), loaded.policies, now_ns=10**18, limits=Limits(), facts=Facts()
        )
        lines += [repr(part) for part in (decision.violations, decision.failures, decision.not_evaluated)]
    return lines


def both(
    documents: Sequence[Document], objects: Sequence[Document], cache: CodeCache | None = None
) -> list[str]:
    """What templates say that may share, which is what they say that may not."""
    together = said(load_policies(documents, cache=cache), objects)
    # Each template's code is shown, so each has its own; a cache has one entry for either, so each has a cache.
    apart = cache and CodeCache(f"{cache.folder}-apart", cache.fingerprint)
    alone = said(load_policies(documents, cache=apart, show=lambda kind, code: None), objects)
    assert together == alone
    return together


def test_templates_with_the_same_library_are_one_program() -> None:
    compiler = TemplateCompiler(Capabilities())
    compiled = compiler.compile_all(
        [made(kind, USES.format(kind.lower())) for kind in ("One", "Two", "Three")]
    )
    codes = {id(one.program.artifact.code) for one in compiled if isinstance(one, RegoTemplate)}
    assert len(compiled) == 3 and len(codes) == 1
    objects = [document(manifest(name=name)) for name in ("a", "only-one", "only-two")]
    lines = both(documents_of("One", "Two"), objects)
    assert ["one a" in lines[0], "two a" in lines[0]] == [True, True]
    assert ["one only-one" in lines[3], "two only-one" in lines[3]] == [False, True]
    assert ["one only-two" in lines[6], "two only-two" in lines[6]] == [True, False]


OTHER = NAMES.replace("%v %v", "%v: %v")
REACHES = """package reaches

violation[{"msg": "x"}] { data.lib.names[_] }
"""
BESIDE = f"package lib.beside\n\nx := 1\n{PADDING}"
BELOW = f"package lib.names.below\n\nx := 1\n{PADDING}"
APART: dict[str, tuple[Template, list[list[str]]]] = {
    "the same": (made("Two", USES.format("two")), [["One", "Two"]]),
    "another text of the library": (made("Two", USES.format("two"), [OTHER]), [["One"], ["Two"]]),
    "one more module of the package": (
        made("Two", USES.format("two"), [NAMES, f"package lib.names\n\nmore := 1\n{PADDING}"]),
        [["One"], ["Two"]],
    ),
    "one more library": (made("Two", USES.format("two"), [NAMES, BESIDE]), [["One", "Two"]]),
    "nothing in common": (
        made("Two", "package two\nviolation[{}] { data.lib.beside.x }", [BESIDE]),
        [["One"], ["Two"]],
    ),
    "a package inside": (made("Two", USES.format("two"), [NAMES, BELOW]), [["One"], ["Two"]]),
    "little in common": (
        made("Two", "package two\nviolation[{}] { data.lib.a.x }", ["package lib.a\nx = 1"]),
        [["One"], ["Two"]],
    ),
    "a document of its library": (made("Two", REACHES), [["One", "Two"]]),
    "all libraries": (
        made("Two", 'package two\nviolation[{"msg": "x"}] { data.lib[name].x }'),
        [["One"], ["Two"]],
    ),
    "all libraries, imported": (
        made("Two", 'package two\nimport data.lib\nviolation[{"msg": "x"}] { lib[name].x }'),
        [["One"], ["Two"]],
    ),
    "a library that it has not": (
        made("Two", 'package two\nviolation[{"msg": "x"}] { data.lib.beside.x }'),
        [["One"], ["Two"]],
    ),
    "a library that it has not, imported": (
        made("Two", 'package two\nimport data.lib.beside\nviolation[{"msg": "x"}] { beside.x }'),
        [["One"], ["Two"]],
    ),
    "a rule of the library replaced": (
        made(
            "Two",
            'package two\nviolation[{"msg": "x"}] { data.lib.names.name with data.lib.names.wanted as [1] }',
        ),
        [["One"], ["Two"]],
    ),
    "input replaced": (
        made("Two", 'package two\nviolation[{"msg": "x"}] { data.lib.names.name with input.review as {} }'),
        [["One", "Two"]],
    ),
    "its own name asked for": (
        made("Two", 'package two\nviolation[{"msg": msg}] { msg := json.marshal(rego.metadata.chain()) }'),
        [["One"], ["Two"]],
    ),
}


@pytest.mark.parametrize("name", APART)
def test_who_shares(name: str) -> None:
    other, expected = APART[name]
    assert groups(made("One", USES.format("one")), other) == expected


def test_a_library_of_others_is_not_there() -> None:
    """`lib.beside` is the first template's: for the second its rule is undefined, as if it stood by itself."""
    first = document(template(USES.format("one"), kind="One", libs=[NAMES, BESIDE]), "one.json")
    rego = 'package two\nviolation[{"msg": "x"}] { not data.lib.beside.x }'
    second = document(template(rego, kind="Two", libs=[NAMES]), "two.json")
    constraints = [document(constraint(kind=kind), f"{kind}-c.json") for kind in ("One", "Two")]
    lines = both([first, second, *constraints], [document(manifest())])
    assert lines[0].count("'x'") == 1


def test_what_a_template_reads_and_calls_is_its_own() -> None:
    compiler = TemplateCompiler(Capabilities(external_data=True))
    reads = 'package two\nimport data.lib.names\nviolation[{"msg": names.name}] { data.inventory.cluster }'
    asks = 'package three\nimport data.lib.names\nviolation[{"msg": names.name}] { external_data({"provider": "p", "keys": ["a"]}) }'
    now = 'package four\nimport data.lib.names\nviolation[{"msg": names.name}] { time.now_ns() > 0 }'
    compiled = compiler.compile_all(
        [made("One", USES.format("one")), made("Two", reads), made("Three", asks), made("Four", now)]
    )
    programs = [one.program for one in compiled if isinstance(one, RegoTemplate)]
    assert len({id(program.artifact.code) for program in programs}) == 1
    assert [program.reads_data((INVENTORY,)) for program in programs] == [False, True, False, False]
    assert [program.calls(EXTERNAL_DATA) for program in programs] == [False, False, True, False]
    assert [program.is_momentary for program in programs] == [False, False, False, True]


MISTAKES = {
    "unsafe": 'package two\nimport data.lib.names\nviolation[{"msg": x}] { names.name }',
    "no such function": 'package two\nimport data.lib.names\nviolation[{"msg": "x"}] { names.forbidden("a") }',
    "type": 'package two\nimport data.lib.names\nviolation[{"msg": "x"}] { names.allowed(1, 2) }',
    "parse": "package two\nviolation[",
    "recursive": 'package two\nimport data.lib.names\nviolation[{"msg": "x"}] { p }\np { q }\nq { p }',
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_templates_alone(mistake: str) -> None:
    wrong = made("Two", MISTAKES[mistake])
    right = [made(kind, USES.format(kind.lower())) for kind in ("One", "Three")]
    compiled = TemplateCompiler(Capabilities()).compile_all([right[0], wrong, right[1]])
    with pytest.raises(PolicyError) as alone:
        TemplateCompiler(Capabilities()).compile(wrong)
    found = compiled[1]
    assert isinstance(found, PolicyError)
    assert (found.message, found.location, found.hint) == (
        alone.value.message,
        alone.value.location,
        alone.value.hint,
    )
    assert all(isinstance(one, RegoTemplate) for one in (compiled[0], compiled[2]))
    (one, three) = [one for one in compiled if isinstance(one, RegoTemplate)]
    assert one.program.artifact.code is three.program.artifact.code


def test_a_mistake_in_a_library_is_told_of_for_each() -> None:
    broken = NAMES + "\nbroken { undefined_function(1) }\n"
    templates = [made(kind, USES.format(kind.lower()), [broken]) for kind in ("One", "Two")]
    compiled = TemplateCompiler(Capabilities()).compile_all(templates)
    assert ["undefined_function" in str(one) for one in compiled] == [True, True]


def test_what_is_too_large_together_is_compiled_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    templates = [made(f"Kind{number}", USES.format(f"kind{number}")) for number in range(6)]
    tries: list[int] = []
    compile_all = compiler.compile_modules

    def counted(modules: Any, *rest: Any) -> Any:
        tries.append(len(modules))
        return compile_all(modules, *rest)

    monkeypatch.setattr(compiler, "compile_modules", counted)
    monkeypatch.setattr(compiler, "MAX_GENERATED_CHARACTERS", 3_000)
    found = TemplateCompiler(Capabilities()).compile_all(templates)
    assert all(isinstance(one, RegoTemplate) for one in found), found
    assert tries[0] == 7 and sum(size > 2 for size in tries) == 3


FAILING = {
    "a conflict": (
        'package {0}\nimport data.lib.names\nviolation[{{"msg": m}}] {{ m := p }}\np = 1 {{ names.name }}\np = 2 {{ names.name }}\n',
        "data.template.p",
    ),
    "a conflict of functions": (
        'package {0}\nimport data.lib.names\nviolation[{{"msg": m}}] {{ m := p(names.name) }}\np(x) = 1 {{ x }}\np(x) = 2 {{ x }}\n',
        "data.template.p",
    ),
    "too many values": (
        'package {0}\nimport data.lib.names\nviolation[{{"msg": m}}] {{ m := sprintf("%v%v", [count([1 | numbers.range(1, 100000)[_]; numbers.range(1, 100000)[_]]), names.name]) }}\n',
        "data.template.violation",
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_failures_name_rules_as_in_a_program_for_itself(name: str) -> None:
    rego, named = FAILING[name]
    lines = both(documents_of("One", "Two", rego=rego), [document(manifest())])
    assert lines[1].count(named) == 2 and "unit" not in lines[1]


def test_the_cache_keeps_them_together(tmp_path: Path) -> None:
    cache = CodeCache(str(tmp_path / "code"), b"compiler")
    templates = [made(kind, USES.format(kind.lower())) for kind in ("One", "Two")]
    first = TemplateCompiler(Capabilities(), cache).compile_all(templates)
    assert len(list((tmp_path / "code").iterdir())) == 3
    second = TemplateCompiler(Capabilities(), cache).compile_all(templates)
    programs = [one.program for one in second if isinstance(one, RegoTemplate)]
    assert [program.artifact.to_plain() for program in programs] == [
        one.program.artifact.to_plain() for one in first if isinstance(one, RegoTemplate)
    ]
    assert programs[0].artifact.code is programs[1].artifact.code
    # One of them by itself is found too, and one that is new joins no one.
    TemplateCompiler(Capabilities(), cache).compile(templates[1])
    assert len(list((tmp_path / "code").iterdir())) == 3
    TemplateCompiler(Capabilities(), cache).compile_all([*templates, made("Three", USES.format("three"))])
    assert len(list((tmp_path / "code").iterdir())) == 4


def test_a_lost_program_is_made_again(tmp_path: Path) -> None:
    cache = CodeCache(str(tmp_path / "code"), b"compiler")
    templates = [made(kind, USES.format(kind.lower())) for kind in ("One", "Two")]
    TemplateCompiler(Capabilities(), cache).compile_all(templates)
    largest = max((tmp_path / "code").iterdir(), key=lambda path: path.stat().st_size)
    largest.unlink()
    again = TemplateCompiler(Capabilities(), cache).compile_all(templates)
    assert all(isinstance(one, RegoTemplate) for one in again)
    assert len(list((tmp_path / "code").iterdir())) == 3


def test_one_that_changes_is_compiled_alone() -> None:
    """In a server a template that is new leaves the others' program as it is."""
    memo, known = Memo(), documents_of("One", "Two")

    def codes(documents: Sequence[Document]) -> dict[str, int]:
        loaded = load_policies(documents, memo=memo)
        assert not loaded.errors
        memo.sweep()
        policies: Any = loaded.policies.policies
        return {policy.key.kind: id(policy.rules) for policy in policies}

    before = codes(known)
    after = codes([*known, *documents_of("Three")])
    assert {kind: after[kind] for kind in before} == before and len(after) == 3


def test_the_shipped_rules(code_cache: CodeCache) -> None:
    """Every constraint of the samples on every object of the samples."""
    documents: list[Document] = []
    objects: list[Document] = []
    for rule in RULES:
        documents += read(rule.template)
        for number, sample in enumerate(rule.samples()):
            value = load(sample.constraint)
            value["metadata"]["name"] = f"{rule.name.replace('_', '-')}-{number}"
            documents.append(document(value, f"{rule.name}-{number}.json"))
            objects += [found for path in (*sample.allowed, *sample.denied) for found in read(path)]
    assert len(objects) > 100
    lines = both(documents, objects, code_cache)
    assert sum("Violation(" in line for line in lines) > 50


def read(path: Path) -> tuple[Document, ...]:
    return read_documents(path.read_bytes(), str(path), duplicates="error").documents


COUNTS = """package {0}

import data.lib.names

violation[{{"msg": msg}}] {{ msg := sprintf("{0} %v %v", [names.name, input.parameters.names]) }}
"""


def test_what_depends_on_the_review_alone_is_made_once() -> None:
    """The one that judges first pays for the library: its steps are not the second's."""
    slow = NAMES + "\nlong := count([1 | numbers.range(1, 2000)[_]])\n".replace("2000", "count(name) * 2000")
    rego = (
        'package {0}\nimport data.lib.names\nviolation[{{"msg": m}}] {{ m := sprintf("%v", [names.long]) }}'
    )
    found = []
    for kind in ("One", "Two"):
        found.append(document(template(rego.format(kind.lower()), kind=kind, libs=[slow]), f"{kind}.json"))
        found.append(document(constraint(kind=kind, name="one"), f"{kind}-one.json"))
    loaded = load_policies(found)
    review = review_document(document(manifest(name="ab")), Cluster())
    decision = evaluate(review, loaded.policies, now_ns=0, limits=Limits(max_steps=3_000), facts=Facts())
    failed = [failure.policy.kind for failure in decision.failures]
    assert failed == ["One", "Two"], decision
    enough = evaluate(review, loaded.policies, now_ns=0, limits=Limits(max_steps=20_000), facts=Facts())
    assert [violation.message for violation in enough.violations] == ["4000", "4000"]


def test_reviews_share_nothing() -> None:
    loaded = load_policies(documents_of("One", "Two", rego=COUNTS))
    for name in ("a", "b", "a"):
        review = review_document(document(manifest(name=name)), Cluster())
        decision = evaluate(review, loaded.policies, now_ns=0, limits=Limits(), facts=Facts())
        assert [violation.message for violation in decision.violations] == [
            f'one {name} ["only-one"]',
            f'two {name} ["only-two"]',
        ]


OWN_INPUT = {
    "all of the input": "value := json.marshal(input)",
    "a name that varies": "value := [name | name := input[key].names[_]]",
    "the parameters": "value := input.parameters.names",
    "through a rule": "value := other\nother := input.parameters.names",
    "under a with": "value = found { found := other with input.review as {} }\nother := input.parameters.names",
    "through a function": "value := f(input)\nf(x) := x.parameters.names",
}


@pytest.mark.parametrize("name", OWN_INPUT)
def test_what_depends_on_parameters_is_each_constraints_own(name: str) -> None:
    lib = NAMES + OWN_INPUT[name] + "\n"
    rego = 'package {0}\nimport data.lib.names\nviolation[{{"msg": m}}] {{ m := sprintf("%v %v", [names.name, names.value]) }}'
    found = []
    for kind in ("One", "Two"):
        body = template(rego.format(kind.lower()), kind=kind, schema=OPEN, libs=[lib])
        found.append(document(body, f"{kind}.json"))
        for number in (1, 2):
            spec = {"parameters": {"names": [f"only-{kind}-{number}"]}}
            found.append(document(constraint(spec, kind=kind, name=f"c{number}"), f"{kind}-{number}.json"))
    (violations, *_) = both(found, [document(manifest())])
    assert all(violations.count(f"only-{kind}-{number}") == 1 for kind in ("One", "Two") for number in (1, 2))


def test_many_packages_are_compared_by_their_names() -> None:
    """Not each with each: a template may have thousands."""
    libs = [f"package lib.p{number}\n\nx := {number}\n" for number in range(5_000)]
    many = [
        made(kind, f"package {kind.lower()}\nviolation[{{}}] {{ data.lib.p7.x }}", libs)
        for kind in ("One", "Two")
    ]
    assert groups(*many) == [["One", "Two"]]
