"""Every cause for which `lockgate check` and `gator test` differ over the corpus, with how many results it is for.

test_gator_differences.py measures the counts; the table in docs/gatekeeper.md is rendered from here.
"""

from dataclasses import dataclass

BEGIN = "<!-- the table of tests/e2e/gator_causes.py -->"
END = "<!-- end of the table -->"


@dataclass(frozen=True, slots=True)
class Cause:
    """key: in the test. shown_by: how it is shown to be the cause; only_check, only_gator: results that one has alone."""

    key: str
    what: str
    shown_by: str
    only_check: int
    only_gator: int


CAUSES: tuple[Cause, ...] = (
    Cause(
        "refused",
        "gator stops at the file: no YAML, an object without `apiVersion` or `kind`, a constraint without its template, a source that an ExpansionTemplate does not find",
        "gator given the file alone",
        36,
        0,
    ),
    Cause(
        "kinds",
        "Gatekeeper's kinds among the objects are policies to gator, objects to `check`",
        "the file has one",
        2,
        0,
    ),
    Cause("policies", "gator judges the policies themselves", "the object's group", 0, 41),
    Cause(
        "left out",
        "what is no object of its own: patches of a kustomization, files that are not rendered",
        "`skipped` and `errors` of `check` name the file; both without it",
        39,
        294,
    ),
    Cause("lists", "gator does not judge the items of a List", "gator, items written out", 2, 0),
    Cause(
        "namespaces",
        "an object that names no namespace is in `default`; gator takes it for none of `namespaces`",
        "gator, namespaces written out",
        308,
        1,
    ),
    Cause("config", "namespaces that a Config excludes", "`check` without it", 0, 40),
    Cause("webhook", "what a webhook configuration does not select", "`check` without it", 0, 14),
    Cause("exemptions", "Exemptions", "`check` without them", 0, 10),
    Cause(
        "providers", "templates that call `external_data`: gator loads none", "`check` without them", 48, 0
    ),
    Cause(
        "operations", "a template's `operations`: gator does not look at them", "`check` without them", 0, 13
    ),
    Cause(
        "points",
        "actions that are scoped to one enforcement point",
        "both, with `*` for each point",
        35,
        35,
    ),
    Cause("defaults", "defaults of the API server", "`check --no-defaults`", 22, 21),
    Cause(
        "inventory",
        "`data.inventory`: everything given to gator, not evaluated in `check` unless asked for",
        "`check --inventory tree`",
        0,
        481,
    ),
    Cause(
        "not evaluated",
        "the Namespace or the user is not known: gator's is empty",
        "`notEvaluated` of `check` names constraint and object",
        0,
        24,
    ),
    Cause(
        "namespaceObject",
        "the Namespace is known: gator shows policies `{}`",
        "the template reads `namespaceObject`",
        1,
        1,
    ),
    Cause(
        "scope",
        "`scope` of objects of the cluster, which gator takes for namespaced",
        "the constraint has a `scope`, the kind is one of the cluster",
        103,
        103,
    ),
    Cause(
        "operation", '`operation` is `"CREATE"`, in gator `""`', "the template reads `operation`", 141, 141
    ),
    Cause(
        "failures",
        "an evaluation that fails is an error, in gator a violation",
        "`errors` of `check` name policy and file, gator's message the same error",
        0,
        2,
    ),
)
# Results that both have and whose text `check` masks: values of Secrets among the objects.
MASKED = 776
# Results that are the same in both, texts that are masked included, once all causes are taken away.
SAME = 5545
# Objects that `check` judges; files that gator stops at.
OBJECTS = 3445
REFUSED = 630
# Differences that a cause hides and a later one explains.
UNCOVERED = 364


def render_causes() -> str:
    """The table, and what else is counted."""
    rows = [
        "| cause | shown by | only in `check` | only in gator |",
        "|---|---|---|---|",
        *[f"| {one.what} | {one.shown_by} | {one.only_check} | {one.only_gator} |" for one in CAUSES],
    ]
    said = (
        f"{OBJECTS:,} objects; gator stops at {REFUSED} of their files. Without these causes both have the same {SAME:,} results; in {MASKED} of them `check` masks values of Secrets.\n"
        f"A cause may hide another: {UNCOVERED} results were found to differ only once one was taken away, and are counted at a later one."
    )
    return "\n".join([*rows, "", said])
