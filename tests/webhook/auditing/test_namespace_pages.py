"""Pages for who may read one namespace: its entries and no others, and a clear refusal everywhere else."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.audit.pages.routes import NAMESPACE_PAGES, PAGES
from lockgate.audit.query.answers.catalogue import QUESTIONS

from tests.webhook.auditing.test_api import READ, TARGETS
from tests.webhook.auditing.test_served_pages import Served

WHOLE = [
    *PAGES,
    "/entries/3",
    "/entries/3.tlog-proof",
    "/promotions/3",
    *[f"/questions/{number}" for number in QUESTIONS],
]
WITHIN = [*NAMESPACE_PAGES, "/entries/3"]


def forms(path: str) -> list[str]:
    if path.endswith(".tlog-proof"):
        return [path]
    return [path, "/index.json" if path == "/" else f"{path}.json"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("namespaces"))
    yield made
    made.reading.close()


def index_in(kept: Served, namespace: str) -> int:
    vault = kept.trail.vault().find(namespace)
    assert vault is not None
    entries = [parse_entry(raw) for raw in kept.trail.store.entries(0, 20)]
    return next(
        index for index, one in enumerate(entries) if vault.stream in [link.name for link in one.links]
    )


@pytest.mark.parametrize("path", [form for path in WHOLE for form in forms(path)])
def test_what_is_of_the_whole_log_is_refused(kept: Served, path: str) -> None:
    answer = kept.get(path, "ml")
    assert answer.status == 403
    if not path.endswith(".json"):
        assert b'name="namespace"' in answer.body or path.endswith(".tlog-proof")
    assert b"fraud" not in answer.body


@pytest.mark.parametrize("namespace", ["other", "nowhere", "*", "ML", "ml/", "ml&namespace=other"])
@pytest.mark.parametrize("path", [form for path in WHOLE for form in forms(path)])
def test_another_namespace_is_refused(kept: Served, path: str, namespace: str) -> None:
    answer = kept.get(f"{path}?namespace={quote(namespace, safe='&=')}", "ml")
    assert answer.status == 403 and b"fraud" not in answer.body


@pytest.mark.parametrize("path", [form for path in WHOLE for form in forms(path)])
def test_within_their_namespace_there_is_no_page_of_the_whole_log(kept: Served, path: str) -> None:
    answer = kept.get(f"{path}?namespace=ml", "ml")
    bare = path.removesuffix(".json")
    is_within = bare in NAMESPACE_PAGES or bare == "/index"
    if is_within:
        assert answer.status == 200, answer.body
    elif bare == "/entries/3":
        assert answer.status in (200, 404)
    else:
        assert answer.status == 403 and b"fraud" not in answer.body


def rows(value: Any) -> list[int]:
    """Every entry that a page's JSON tells of."""
    if isinstance(value, dict):
        own = [value["entry"]] if isinstance(value.get("entry"), int) else []
        return own + [one for part in value.values() for one in rows(part)]
    return [one for part in value for one in rows(part)] if isinstance(value, list) else []


@pytest.mark.parametrize("path", [*NAMESPACE_PAGES])
def test_a_page_has_that_namespace_alone(kept: Served, path: str) -> None:
    found = kept.trail.vault().find("ml")
    assert found is not None
    json_path = "/index.json" if path == "/" else f"{path}.json"
    more = "&q=K8sRequired/labels" if path == "/search" else ""
    told = kept.get(f"{json_path}?namespace=ml{more}", "ml").json
    for index in rows(told):
        (raw,) = kept.trail.store.entries(index, index + 1)
        assert found.stream in [link.name for link in parse_entry(raw).links]
    if path in ("/", "/decisions"):
        assert rows(told)
    html = kept.get(f"{path}?namespace=ml{more}", "ml")
    assert html.status == 200 and b"alone" in html.body
    # No link leads to where it would be refused.
    for href in html.body.decode().split('href="')[1:]:
        target = href.partition('"')[0]
        if target.startswith(("/static/", "#")):
            continue
        assert "namespace=ml" in target, target
        assert kept.get(target.replace("&amp;", "&"), "ml").status == 200, target


def test_pages_go_on_by_a_cursor_without_another_namespaces_entries(kept: Served) -> None:
    seen: list[int] = []
    cursor = ""
    while True:
        told = kept.get(f"/decisions.json?namespace=ml&cursor={quote(cursor)}", "ml").json
        seen += [one["entry"] for one in told["rows"]]
        cursor = told["next"]
        if not cursor:
            break
    assert len(seen) == len({*seen}) == 200


def test_an_entry_is_shown_in_its_namespace_and_is_not_there_in_another(kept: Served) -> None:
    own, other = index_in(kept, "ml"), index_in(kept, "other")
    assert kept.get(f"/entries/{own}?namespace=ml", "ml").status == 200
    for path in (f"/entries/{other}", f"/entries/{other}.json", "/entries/99999"):
        answer = kept.get(f"{path}?namespace=ml", "ml")
        assert answer.status == 404 and b"is of the namespace ml" in answer.body
    found = kept.get(f"/search?namespace=ml&q={own}", "ml")
    assert (found.status, found.headers["location"]) == (303, f"/entries/{own}?namespace=ml")
    assert kept.get(f"/search?namespace=ml&q={other}", "ml").status == 404
    # Proofs are for whoever has the right to them, in their namespace.
    assert kept.get(f"/entries/{own}.tlog-proof?namespace=ml", "ml").status == 403
    assert kept.get(f"/entries/{own}.tlog-proof?namespace=ml", "masked").status == 200
    assert kept.get(f"/entries/{other}.tlog-proof?namespace=ml", "masked").status == 404


def test_names_in_a_namespace_are_for_whom_may_see_them_there(kept: Served) -> None:
    own = index_in(kept, "ml")
    assert kept.get(f"/entries/{own}?namespace=ml&names=shown", "ml").status == 403
    before = kept.size()
    answer = kept.get(f"/entries/{own}?namespace=ml&names=shown")
    assert answer.status == 200 and b"pod-" in answer.body
    assert kept.size() > before and kept.last().value["action"] == "reveal"
    name = kept.get(f"/entries/{own}.json?namespace=ml&names=shown").json["body"]["input"]["name"]
    hit = kept.get(f"/search.json?namespace=ml&names=shown&q={name}").json
    assert own in rows(hit)
    masked = kept.get(f"/search.json?namespace=ml&q={name}", "ml").json
    assert not rows(masked) and "sealed" in masked["notes"][0]


@pytest.mark.parametrize("namespace", ["", "other", "*"])
# The questions themselves are for anybody who is known, as are one's own jobs.
@pytest.mark.parametrize(
    "endpoint",
    [one for one in READ if one.name != "listQuestions" and "Job" not in one.name],
    ids=lambda one: one.name,
)
def test_the_interface_for_programs_refuses_the_same(kept: Served, endpoint: Any, namespace: str) -> None:
    target = TARGETS[READ.index(endpoint)]
    more = {"getSample": "seed=1", "getConsistencyProof": "from=9"}.get(endpoint.name, "")
    for form in ("", *[f".{one}" for one in endpoint.forms]):
        takes = "namespace" in endpoint.parameters
        said = f"&namespace={quote(namespace)}" if takes and namespace else ""
        answer = kept.get(f"{target}{form}?{more}{said}", "ml")
        assert answer.status == 403, (form, answer.body)
        assert b"fraud" not in answer.body
