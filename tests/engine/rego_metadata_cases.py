"""Cases for `rego.metadata.chain()` and `rego.metadata.rule()`; the answers are OPA 1.22.2's (see rego_cases)."""

from tests.engine.rego_cases import Case

_RULE = (
    "# METADATA\n# title: T\n# description: |\n#   two\n#   lines\n# custom:\n#   a: {b: [1, yes, null]}\n"
)


def _own(annotations: object) -> dict[str, object]:
    return {"path": ["test", "p"], "annotations": annotations}


CASES = [
    Case(
        "a rule's own annotations",
        "v1",
        _RULE + "p := rego.metadata.rule()",
        None,
        value={
            "p": {
                "scope": "rule",
                "title": "T",
                "description": "two\nlines\n",
                "custom": {"a": {"b": [1, "yes", None]}},
            }
        },
    ),
    Case(
        "without annotations",
        "v1",
        "p := rego.metadata.rule()\nq := rego.metadata.chain()",
        None,
        value={"p": {}, "q": [{"path": ["test", "q"]}]},
    ),
    Case(
        "the chain begins at the rule",
        "v1",
        "# METADATA\n# scope: document\n# title: D\n\n# METADATA\n# title: R\np := rego.metadata.chain()",
        None,
        value={"p": [_own({"scope": "rule", "title": "R"}), _own({"scope": "document", "title": "D"})]},
    ),
    Case(
        "authors, organizations and resources",
        "v1",
        "# METADATA\n# authors:\n# - A B <a@example.com>\n# - name: C\n# - email: d@example.com\n"
        "# organizations: [O]\n# related_resources:\n# - https://example.com/a\n"
        "# - ref: https://example.com/b\n#   description: d\n# entrypoint: true\n"
        "# labels:\n#   l: 1\np := rego.metadata.chain()",
        None,
        value={
            "p": [
                {"path": ["test", "p"]},
                _own(
                    {
                        "scope": "document",
                        "entrypoint": True,
                        "authors": [
                            {"name": "A B", "email": "a@example.com"},
                            {"name": "C"},
                            {"email": "d@example.com"},
                        ],
                        "organizations": ["O"],
                        "related_resources": [
                            {"ref": "https://example.com/a"},
                            {"ref": "https://example.com/b", "description": "d"},
                        ],
                        "labels": {"l": 1},
                    }
                ),
            ]
        },
    ),
    Case(
        "schemas",
        "v1",
        "# METADATA\n# schemas:\n# - input.a: schema.b\n# - data.c: {type: object}\np := rego.metadata.rule()",
        None,
        value={
            "p": {
                "scope": "rule",
                "schemas": [
                    {"path": ["input", "a"], "schema": ["schema", "b"]},
                    {"path": ["data", "c"], "definition": {"type": "object"}},
                ],
            }
        },
    ),
    Case(
        "in functions, comprehensions and as a statement with a result",
        "v1",
        "# METADATA\n# title: F\nf(x) := rego.metadata.rule().title if x\np := f(1)\n"
        "# METADATA\n# title: Q\nq := [t | rego.metadata.rule(m); t := m.title]\n"
        '# METADATA\n# title: R\nr if rego.metadata.rule().title == "R"',
        None,
        value={"p": "F", "q": ["Q"], "r": True},
    ),
    Case(
        "only comments at the beginning of a line, one below the other",
        "v1",
        "  # METADATA\n  # title: no\np := rego.metadata.rule()\n# METADATA here\n# title: Q\n\n# title: not this\n"
        "q := rego.metadata.rule()",
        None,
        value={"p": {}, "q": {"scope": "rule", "title": "Q"}},
    ),
    Case(
        "a rule of several clauses",
        "v1",
        "# METADATA\n# title: one\np contains rego.metadata.rule().title\n# METADATA\n# title: two\n"
        "p contains rego.metadata.rule().title",
        None,
        value={"p": ["one", "two"]},
    ),
]


def _refused(name: str, block: str, error: str = "rego_parse_error") -> Case:
    return Case(name, "v1", f"# METADATA\n{block}\np := rego.metadata.rule()", None, error=error)


ERRORS = [
    _refused("an unknown scope", "# scope: rules"),
    _refused("a scope that does not fit", "# scope: package"),
    _refused("no YAML", "# title: [a"),
    _refused("nothing", "#"),
    _refused("an entrypoint of a rule", "# scope: rule\n# entrypoint: true"),
    _refused("a list as a title", "# title: [a]"),
    _refused("an author without a name", "# authors:\n# - x: 1"),
    _refused("a resource without a reference", "# related_resources:\n# - description: d"),
    _refused("a schema that is none", "# schemas:\n# - input: x.y"),
    _refused(
        "two annotations of a document",
        "# scope: document\np := 1\n# METADATA\n# scope: document",
        "rego_type_error",
    ),
]
