"""Policies on real OPA servers say what they say in process: verdict, violations, their order, failures."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.codegen.values import parse_json, render_json
from lockgate.engine.decision import Decision
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.evaluate import evaluate
from lockgate.engine.opa.backend import Backend
from lockgate.engine.opa.fleet import Fleet
from lockgate.engine.opa.servers import Access, parse_address
from lockgate.engine.policy import Facts, PolicySet
from lockgate.engine.review import Review
from lockgate.gatekeeper.constraint import is_constraint
from lockgate.gatekeeper.loader import Loaded, load_policies
from lockgate.gatekeeper.opa_policy import on_opa
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.gatekeeper.template import is_template
from lockgate.webhook.cli import run
from lockgate.webhook.policy_folder import Rule

from tests.e2e.rego_server import Server, opa_server
from tests.engine.http_server import certificate
from tests.policies.shipped import RULES, kinds_that_ask, rule_ids
from tests.policies.shipped import load as load_yaml
from tests.shared_folder import shared_path

pytestmark = pytest.mark.e2e

NOW = 1_800_000_000_000_000_000
# Why an evaluation fails is told in OPA's own words, and where and with which code in both.
CODE = re.compile(r"(.*?eval_[a-z_]+error): .*")


def documents(text: str, file: str = "a.yaml") -> tuple[Document, ...]:
    return read_documents(text.encode(), file, duplicates="error").documents


def folder(root: Path) -> tuple[list[Document], list[Document]]:
    """Policies of a folder, the first of each name, and the other objects."""
    policies: list[Document] = []
    others: list[Document] = []
    seen: set[object] = set()
    for path in sorted(root.rglob("*.yaml")):
        for document in read_documents(path.read_bytes(), str(path), duplicates="error").documents:
            value = document.value
            metadata = value.get("metadata")
            name = (value.get("kind"), metadata.get("name") if isinstance(metadata, dict) else None)
            if not is_template(value) and not is_constraint(value):
                others.append(document)
            elif name not in seen:
                seen.add(name)
                policies.append(document)
    return policies, others


def load(policies: Sequence[Document], cache: CodeCache | None = None) -> Loaded:
    loaded = load_policies(policies, engine="rego", point="gator.gatekeeper.sh", cache=cache)
    assert loaded.errors == ()
    return loaded


def reviews(objects: Sequence[Document]) -> Iterator[Review]:
    for document in objects:
        if document.value.get("kind") != "AdmissionReview" and isinstance(
            document.value.get("apiVersion"), str
        ):
            yield review_document(document, Cluster())


@contextmanager
def backend(*servers: Server, **access: object) -> Iterator[Backend]:
    addresses = [parse_address(f"http://127.0.0.1:{server.port}") for server in servers]
    made = Backend(Fleet(addresses, replace(Access(), **access)))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def judge(review: Review, policies: PolicySet, facts: Facts | None = None) -> Decision:
    """The Decision; violations that differ in their details alone are in the order of these."""
    decision = evaluate(review, policies, facts or Facts(), now_ns=NOW, limits=Limits())
    failures = [replace(one, message=CODE.sub(r"\1", one.message)) for one in decision.failures]
    violations = sorted(
        decision.violations, key=lambda one: (one.policy, one.message, render_json(one.details))
    )
    return replace(decision, failures=tuple(failures), violations=tuple(violations))


def test_gatekeepers_library() -> None:
    policies, objects = folder(shared_path("vectors", "gatekeeper-library"))
    loaded = load(policies)
    with opa_server({}, "--v0-compatible") as server, backend(server) as servers:
        placed = on_opa(loaded.policies, loaded.templates, servers)
        there, here = placed.policies, placed.here
        assert here == ()
        verdicts = []
        for review in reviews(objects):
            wanted = judge(review, loaded.policies)
            assert judge(review, there) == wanted, review.request
            verdicts.append(wanted.verdict)
    assert len(verdicts) > 100
    assert {"deny", "error"} <= set(verdicts)


# An OPA has neither external data nor this inventory: what is said of such rules is tested apart.
ALONE = [
    rule
    for rule in RULES
    if load_yaml(rule.template)["spec"]["crd"]["spec"]["names"]["kind"] not in kinds_that_ask()
]


@pytest.mark.parametrize("rule", ALONE, ids=rule_ids(ALONE))
def test_shipped_rules(rule: Rule, code_cache: CodeCache) -> None:
    # A server for each: OPA compiles all that it holds again whenever a module comes, and each rule brings the library.
    policies, objects = folder(rule.folder)
    # Constraints of kinds that others define are what a rule judges, and none of its own.
    kind = load_yaml(rule.template)["spec"]["crd"]["spec"]["names"]["kind"]
    own = [one for one in policies if is_template(one.value) or one.value.get("kind") == kind]
    loaded = load(own, code_cache)
    # Rego v1 needs no option.
    with opa_server({}) as server, backend(server) as servers:
        placed = on_opa(loaded.policies, loaded.templates, servers)
        verdicts = []
        for review in reviews(objects):
            wanted = judge(review, loaded.policies)
            assert judge(review, placed.policies) == wanted, review.request
            verdicts.append(wanted.verdict)
    if not verdicts:
        pytest.skip("its objects are policies, or files of tools, which are no manifests")


TEMPLATE = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: KIND}
spec:
  crd: {spec: {names: {kind: KIND}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package same
      import data.lib.words
REGO
    libs:
    - |
      package lib.words
      word = "WORD"
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: KIND
metadata: {name: one}
spec: {match: {kinds: [{apiGroups: [""], kinds: ["Pod"]}]}}
---
"""


def template(kind: str, rego: str, word: str = "w") -> str:
    indented = "\n".join(["      " + line for line in rego.splitlines()])
    return TEMPLATE.replace("KIND", kind).replace("REGO", indented).replace("WORD", word)


POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec: {n: 1.50, containers: [{name: c}]}\n"
)

SAYS = 'violation[{"msg": msg}] { msg := words.word }'
OWN = {
    "two of one package, with libraries of one name": template("A", SAYS, "a") + template("B", SAYS, "b"),
    "the clock": template("A", 'violation[{"msg": msg}] { msg := sprintf("%v", [time.now_ns()]) }'),
    "one that fails beside one that does not": template(
        "A", 'violation[{"msg": "x", "details": d}] { d := f(input) }\nf(x) = 1\nf(x) = 2'
    )
    + template("B", SAYS),
    "a message that is no string": template("A", 'violation[{"msg": 1}] { true }') + template("B", SAYS),
    "details": template(
        "A", 'violation[{"msg": "m", "details": {"path": ["spec", "containers", 0], "fix": "f"}}] { true }'
    ),
    "numbers": template("A", 'violation[{"msg": "m", "details": input.review.object.spec.n}] { true }'),
    "one message twice": template("A", 'violation[{"msg": "m", "details": {"a": a}}] { a := [3, 1, 2][_] }'),
    "an object": template("A", 'violation[{"msg": "m"}] = x { x := 1 }'),
    "no set": template("A", 'violation = ["a"] { true }'),
    "undefined": template("A", "violation = [] { false }"),
    "a builtin that fails": template("A", 'violation[{"msg": "m"}] { to_number("x") }') + template("B", SAYS),
}


@pytest.fixture(scope="module")
def v0_server() -> Iterator[Server]:
    with opa_server({}, "--v0-compatible") as server:
        yield server


@pytest.mark.parametrize("name", OWN)
def test_own(name: str, v0_server: Server) -> None:
    loaded = load(documents(OWN[name]))
    (review,) = reviews(documents(POD))
    with backend(v0_server) as servers:
        there = on_opa(loaded.policies, loaded.templates, servers).policies
        assert judge(review, there) == judge(review, loaded.policies)


def test_inventory_comes_and_goes(v0_server: Server) -> None:
    rego = 'violation[{"msg": name}] { data.inventory.cluster.v1.Namespace[name] }'
    loaded = load(documents(template("A", rego)))
    (review,) = reviews(documents(POD))
    with backend(v0_server) as servers:
        there = on_opa(loaded.policies, loaded.templates, servers).policies
        for names in (["x"], ["x", "y"], []):
            spaces = {name: {"kind": "Namespace"} for name in names}
            value = parse_json(json.dumps({"cluster": {"v1": {"Namespace": spaces}}}))
            assert isinstance(value, dict)
            facts = Facts(value, "")
            wanted = judge(review, loaded.policies, facts)
            assert [one.message for one in wanted.violations] == names
            assert judge(review, there, facts) == wanted
        assert judge(review, there) == judge(review, loaded.policies)
    kept = v0_server.ask("GET", "/v1/data/lockgate", "")[1]["result"]
    assert [name for name in kept if name.startswith("i_")] == []


def test_lost_policies_are_pushed_again() -> None:
    loaded = load(documents(OWN["two of one package, with libraries of one name"]))
    (review,) = reviews(documents(POD))
    wanted = judge(review, loaded.policies)
    with opa_server({}, "--v0-compatible") as server, backend(server) as servers:
        there = on_opa(loaded.policies, loaded.templates, servers).policies
        assert judge(review, there) == wanted
        ids = sorted([one["id"] for one in server.ask("GET", "/v1/policies", "")[1]["result"]])
        assert ids
        # Any of them: a policy that is gone is never one that finds nothing.
        for name in ids:
            server.ask("DELETE", f"/v1/policies/{name}", "")
            assert judge(review, there) == wanted


def test_another_server_takes_over() -> None:
    loaded = load(documents(template("A", SAYS)))
    (review,) = reviews(documents(POD))
    wanted = judge(review, loaded.policies)
    with opa_server({}, "--v0-compatible") as second:
        with opa_server({}, "--v0-compatible") as first, backend(first, second, rounds=1) as servers:
            there = on_opa(loaded.policies, loaded.templates, servers).policies
            assert judge(review, there) == wanted
        with backend(first, second, rounds=1) as servers:
            there = on_opa(loaded.policies, loaded.templates, servers).policies
            assert judge(review, there) == wanted
    with backend(first, second, rounds=1) as servers:
        there = on_opa(loaded.policies, loaded.templates, servers).policies
        lost = judge(review, there)
    assert lost.verdict == "error"
    assert f":{first.port}: " in lost.failures[0].message
    assert f":{second.port}: " in lost.failures[0].message


def test_a_server_without_v0_is_told_how_to_start() -> None:
    loaded = load(documents(template("A", SAYS)))
    (review,) = reviews(documents(POD))
    with opa_server({}) as server, backend(server, rounds=1) as servers:
        there = on_opa(loaded.policies, loaded.templates, servers).policies
        lost = judge(review, there)
    assert lost.verdict == "error"
    assert "--v0-compatible" in lost.failures[0].message
    assert "a.yaml:" in lost.failures[0].message


AUTHORISE = (
    'package system.authz\nimport rego.v1\ndefault allow := false\nallow if input.identity == "s3cret"\n'
)


def test_check_with_tls_and_a_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, private = certificate(tmp_path, "127.0.0.1", "localhost")
    (tmp_path / "authz.rego").write_text(AUTHORISE)
    (tmp_path / "token").write_text("s3cret\n")
    (tmp_path / "p.yaml").write_text(template("A", SAYS, "from opa"))
    (tmp_path / "pod.yaml").write_text(POD)
    monkeypatch.chdir(tmp_path)
    options = ["--v0-compatible", "--tls-cert-file", str(made), "--tls-private-key-file", str(private)]
    options += ["--authentication=token", "--authorization=basic", str(tmp_path / "authz.rego")]
    with opa_server({}, *options) as server:
        url = f"https://127.0.0.1:{server.port}"
        arguments = ["check", "-p", "p.yaml", "--no-cache", "--engine", "opa", "--opa-url", url, "pod.yaml"]
        trusted = [*arguments, "--opa-ca", str(made)]
        assert run([*trusted, "--opa-token-file", "token"]) == 1
        assert "from opa" in capsys.readouterr().out
        # The wrong token, and a certificate that nobody vouches for.
        monkeypatch.setenv("LOCKGATE_OPA_TOKEN", "another")
        assert run(trusted) == 2
        told = capsys.readouterr().out
        assert "status 401" in told or "status 403" in told
        assert "another" not in told
        assert run(arguments) == 2
        assert "certificate" in capsys.readouterr().out
