"""Reports for the tests of the renderers."""

from lockgate.engine.decision import Action
from lockgate.engine.documents.document import Path, Span
from lockgate.webhook.report import (
    Finding,
    Problem,
    Quote,
    Report,
    Resource,
    SkippedInput,
    Unevaluated,
    make_report,
)

SPAN = Span(12, 16, 12, 28)
QUOTE = Quote(12, "        image: nginx:latest", 15, 27)
RESOURCE = Resource("apps/v1", "Deployment", "shop", "web")


def make_finding(
    *,
    message: str = "image is not pinned",
    actions: tuple[Action, ...] = ("deny",),
    file: str = "deploy/web.yaml",
    span: Span = SPAN,
    path: Path | None = ("spec", "containers", 0, "image"),
    quote: Quote | None = QUOTE,
    constraint: str = "pinned",
    fix: str = "pin it by digest",
    docs: str = "https://example.org/pinned",
    resource: Resource = RESOURCE,
) -> Finding:
    return Finding(
        "LockgateImmutableImages",
        constraint,
        "workloads/immutable_images",
        message,
        actions,
        file,
        span,
        path is not None,
        path,
        resource,
        fix,
        docs,
        quote,
    )


def full_report() -> Report:
    """A report with an entry of each kind."""
    return make_report(
        documents=7,
        files=3,
        findings=[
            make_finding(),
            make_finding(actions=("dryrun",), constraint="trial", path=None, fix="", docs=""),
            make_finding(
                actions=("deny", "warn"), file="b, c:d/100%.yaml", span=Span(3, 1, 5, 2), quote=None
            ),
            make_finding(actions=("warn",), message="two\nlines", span=Span(2, 1, 2, 3)),
        ],
        errors=[Problem("broken.yaml", 4, 2, "invalid YAML: no end", "close it", Quote(4, "  a: [", 5, 5))],
        skipped=[SkippedInput("values.yaml", 1, "values for a Helm chart", "render the chart")],
        not_evaluated=[
            Unevaluated("Quota", "gpu", RESOURCE, "the inventory"),
            Unevaluated("Classes", "", None, "a constraint"),
        ],
        notices=["something to know"],
    )


def hostile_report(text: str) -> Report:
    """A report in which everything that input and policies may choose is the text."""
    path = (text, 0)
    resource = Resource(text, text, text, text)
    finding = make_finding(
        message=text,
        file=text,
        path=path,
        quote=Quote(1, text, 0, 1),
        constraint=text,
        fix=text,
        docs=text,
        resource=resource,
        span=Span(1, 1, 1, 2),
    )
    return make_report(
        1,
        1,
        [finding],
        [Problem(text, 1, 1, text, text, Quote(1, text, 0, len(text)))],
        [SkippedInput(text, 1, text, text)],
        [Unevaluated(text, text, resource, text)],
        [text],
    )
