"""`lockgate policy bundle`, and what `check`, `explain` and `test` make of its bundles."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lockgate.webhook.check_command import make_loader
from lockgate.webhook.cli import run
from lockgate.webhook.policy_bundle.archive import read_archive
from lockgate.webhook.policy_bundle.opening import Opening
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings

from tests.gatekeeper.promotions.making import environment_map, promotion_policy
from tests.shared_folder import ROOT
from tests.webhook.policy_bundle.keys import make_p256, write_pair
from tests.webhook.test_check import BAD, TEMPLATE, constraint
from tests.webhook.test_check_exemptions import exemption

CONFIG = """\
apiVersion: config.gatekeeper.sh/v1alpha1
kind: Config
metadata: {name: config, namespace: gatekeeper-system}
spec: {match: [{excludedNamespaces: [kube-system], processes: [webhook]}]}
"""


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: str) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    monkeypatch.delenv("LOCKGATE_POLICY_KEY", raising=False)
    Path("policies/templates").mkdir(parents=True)
    Path("policies/templates/x.yaml").write_text(TEMPLATE)
    Path("policies/constraint.yaml").write_text(constraint())
    Path("policies/config.yml").write_text(CONFIG)
    Path("policies/notes.yaml").write_text("these: are notes\n")
    Path("deploy").mkdir()
    Path("deploy/bad.yaml").write_text(BAD)
    return work


def bundle(
    capsys: pytest.CaptureFixture[str], *arguments: str, paths: tuple[str, ...] = ("policies",)
) -> str:
    """Makes one; returns `PATH@sha256:…`."""
    assert run(["policy", "bundle", *paths, *arguments]) == 0
    return capsys.readouterr().out.splitlines()[-1]


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    code = run(["check", "--format", "json", *arguments, "deploy"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def digest(*paths: str) -> str:
    return (
        make_loader(None, True).given(Opening(str(Path.cwd())).open(paths), str(Path.cwd())).policies.digest
    )


@pytest.mark.parametrize("output", [("-o", "p.tar.gz"), ("-o", "p.tgz"), ("-o", "layout", "--format", "oci")])
def test_a_bundle_judges_as_its_folder(output: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    pinned = bundle(capsys, *output)
    assert digest(pinned) == digest(output[1]) == digest("policies")
    expected = check(capsys, "-p", "policies")
    assert expected[0] == 1
    assert check(capsys, "-p", pinned) == check(capsys, "-p", output[1]) == expected


def test_a_server_takes_what_is_about_promotions_from_a_bundle_and_has_its_digest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    alone = digest("policies")
    policy = promotion_policy({"to": "prod", "soakTime": "24h"})
    places = environment_map({"name": "dev", "namespaces": ["*"]}, {"name": "prod", "namespaces": ["prod"]})
    Path("policies/promotions.yaml").write_text(json.dumps(policy) + "\n---\n" + json.dumps(places))
    pinned = bundle(capsys, "-o", "p.tar.gz")
    live = LiveGate()
    source = FolderSource(Opening(str(Path.cwd())).open((pinned,)), (), str(Path.cwd()), LiveSettings())
    live.apply(source.changes(), frozenset())
    assert live.state is not None
    assert live.state.promotions is not None
    assert [one.name for one in live.state.promotions.policies] == ["models"]
    space: Any = {"metadata": {"name": "prod"}}
    assert live.state.promotions.environment_of("prod", space, {}).environment == "prod"
    assert live.state.gate.policies.digest == digest(pinned) == digest("policies") != alone


def test_what_is_wrong_about_promotions_makes_no_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/promotions.yaml").write_text(json.dumps(promotion_policy(), indent=1))
    assert run(["policy", "bundle", "policies", "-o", "p.tar.gz"]) == 2
    assert (
        "policies/promotions.yaml:13:12: spec.steps is empty, and would ask for nothing"
        in capsys.readouterr().err
    )
    assert not Path("p.tar.gz").exists()


def test_the_shipped_policies_are_the_same_from_a_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    """A constraint of a shipped rule brings its template along."""
    profile = str(ROOT / "policies" / "profiles" / "baseline.yaml")
    pinned = bundle(capsys, "-o", "p.tar.gz", paths=(profile,))
    assert digest(pinned) == digest(profile)
    names = [one.name for one in read_archive(Path("p.tar.gz").read_bytes(), "p")]
    assert "baseline.yaml" in names and "shipped/workloads/immutable_images/template.yaml" in names


def test_all_shipped_policies_are_the_same_from_a_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    shipped = str(ROOT / "policies")
    pinned = bundle(capsys, "-o", "p.tar.gz", paths=(shipped,))
    assert digest(pinned) == digest(shipped)


def test_the_same_policies_are_the_same_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    private, _ = write_pair(tmp_path / "keys", "k", make_p256())
    first = bundle(capsys, "-o", "a.tar.gz", "--key", private)
    Path("policies/constraint.yaml").write_text(constraint())
    second = bundle(capsys, "-o", "b.tar.gz", "--key", private)
    assert Path("a.tar.gz").read_bytes() == Path("b.tar.gz").read_bytes()
    assert first.split("@")[1] == second.split("@")[1]
    one, two = [bundle(capsys, "-o", name, "--format", "oci", "--key", private) for name in ("c", "d")]
    assert one.split("@")[1] == two.split("@")[1]


def test_a_bundle_of_a_bundle_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """So one that somebody else made can be signed."""
    bundle(capsys, "-o", "a.tar.gz")
    bundle(capsys, "-o", "b.tar.gz", paths=("a.tar.gz",))
    assert Path("a.tar.gz").read_bytes() == Path("b.tar.gz").read_bytes()


def test_what_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    bundle(capsys, "-o", "p.tar.gz", "--revision", "v1.2.3")
    files = {one.name: one.data for one in read_archive(Path("p.tar.gz").read_bytes(), "p")}
    assert sorted(files) == [
        ".manifest",
        "config.yml",
        "constraint.yaml",
        "opa/NeededLabels/template.rego",
        "templates/x.yaml",
    ]
    assert files["templates/x.yaml"].decode() == TEMPLATE
    manifest = json.loads(files[".manifest"])
    assert (manifest["revision"], manifest["roots"]) == ("v1.2.3", ["lockgate/templates"])
    assert manifest["metadata"]["lockgate.dev/policy-bundle"]["policySet"] == digest("policies")


def test_places_are_in_the_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    two = "      two(x) = 1 { true }\n      two(x) = 2 { true }\n"
    Path("policies/templates/x.yaml").write_text(TEMPLATE.replace("[wanted]", "[two(wanted)]", 1) + two)
    bundle(capsys, "-o", "p.tar.gz")
    code, made, _ = check(capsys, "-p", "p.tar.gz")
    assert code == 2 and "p.tar.gz!/templates/x.yaml:" in json.dumps(made["errors"])
    assert run(["explain", "-p", "p.tar.gz", "deploy/bad.yaml"]) in (0, 2)
    assert "p.tar.gz!/templates/x.yaml:" in capsys.readouterr().out


def test_a_policy_that_does_not_compile_is_told_in_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    from lockgate.webhook.policy_bundle.archive import write_archive
    from lockgate.webhook.policy_bundle.bundle import BundleFile

    wrong = BundleFile("t/x.yaml", TEMPLATE.replace("msg := sprintf", "mgs := sprintf").encode())
    files = (wrong, BundleFile("c.yaml", constraint().encode()))
    Path("p.tar.gz").write_bytes(write_archive(files, "p"))
    code, _, err = check(capsys, "-p", "p.tar.gz")
    assert code == 2 and re.search(r"error: p\.tar\.gz!/t/x\.yaml:\d+:\d+: rego_unsafe_var_error", err)


def test_the_samples_of_suites_stay_out(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/templates/suite.yaml").write_text(
        "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\ntests: []\n"
    )
    Path("policies/templates/samples").mkdir()
    Path("policies/templates/samples/c.yaml").write_text(constraint("sample"))
    bundle(capsys, "-o", "p.tar.gz")
    names = [one.name for one in read_archive(Path("p.tar.gz").read_bytes(), "p")]
    assert "templates/samples/c.yaml" not in names


def test_exemptions_of_a_bundle_count(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/exemption.json").write_text(exemption())
    bundle(capsys, "-o", "p.tar.gz")
    code, made, _ = check(capsys, "-p", "p.tar.gz")
    assert code == 0 and len(made["exempted"]) == 1


RULE = 'package main\n\nimport rego.v1\n\ndeny contains "no owner" if not input.metadata.labels.owner\n'
TEST = 'package main_test\n\nimport rego.v1\n\ntest_deny if count(data.main.deny) == 1 with input as {"metadata": {}}\n'


@pytest.mark.parametrize("output", [("-o", "p.tar.gz"), ("-o", "layout", "--format", "oci")])
def test_plain_rego(output: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    Path("policy/sub").mkdir(parents=True)
    Path("policy/main.rego").write_text(RULE)
    Path("policy/sub/main_test.rego").write_text(TEST)
    pinned = bundle(capsys, *output, paths=("policy",))
    assert digest(pinned) == digest("policy")
    expected = check(capsys, "-p", "policy")
    assert expected[0] == 1
    assert check(capsys, "-p", pinned) == expected
    assert run(["test", output[1]]) == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out


def test_plain_rego_of_v0(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policy").mkdir()
    Path("policy/main.rego").write_text(
        'package main\n\ndeny["no owner"] { not input.metadata.labels.owner }\n'
    )
    bundle(capsys, "-o", "p.tar.gz", "--v0-compatible", paths=("policy",))
    assert check(capsys, "-p", "p.tar.gz")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("policies", "-o", "p.zip"), "does not end in .tar.gz"),
        (("policies", "-o", "missing/p.tar.gz"), "cannot write missing/p.tar.gz"),
        (("policies", "-o", "deploy", "--format", "oci"), "is there already"),
        (("policies", "-o", "p.tar.gz", "--revision", "é"), "printable ASCII"),
        (("policies", "-o", "p.tar.gz", "--key", "deploy/bad.yaml"), "others may read"),
        (("deploy", "-o", "p.tar.gz"), "has no ConstraintTemplate"),
        (("nothing", "-o", "p.tar.gz"), "does not exist"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "bundle", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err and "Traceback" not in err
    assert not Path("p.tar.gz").exists()


@pytest.mark.parametrize("name", ["data.yaml", "data.json", "patch.json", "plan.json"])
def test_names_that_opa_reads_otherwise(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (Path("policies/templates") / name).write_text(
        json.dumps({"kind": "List", "apiVersion": "v1", "a": "gatekeeper.sh"})
    )
    assert run(["policy", "bundle", "policies", "-o", "p.tar.gz"]) == 2
    assert f"policies/templates/{name} cannot be in one: OPA reads a file" in capsys.readouterr().err


def test_two_folders_keep_their_files_apart(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        Path(name).mkdir()
        Path(f"{name}/c.yaml").write_text(constraint(name))
    pinned = bundle(capsys, "-o", "p.tar.gz", paths=("policies", "one", "two/"))
    assert digest(pinned) == digest("policies", "one", "two")
    names = [one.name for one in read_archive(Path("p.tar.gz").read_bytes(), "p")]
    assert {"one/c.yaml", "two/c.yaml", "policies/config.yml"} < set(names)


def test_an_ed25519_key_signs_layouts_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    private, public = write_pair(tmp_path / "keys", "k", Ed25519PrivateKey.generate())
    assert run(["policy", "bundle", "policies", "-o", "p.tar.gz", "--key", private]) == 2
    assert "openssl ecparam" in capsys.readouterr().err
    bundle(capsys, "-o", "layout", "--format", "oci", "--key", private)
    assert check(capsys, "-p", "layout", "--policy-key", public)[0] == 1


def test_signatures_are_required_by_option_and_environment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, public = write_pair(tmp_path / "keys", "k", make_p256())
    _, other = write_pair(tmp_path / "keys", "other", make_p256())
    bundle(capsys, "-o", "plain.tar.gz")
    for name, more in (("p.tar.gz", ()), ("layout", ("--format", "oci"))):
        pinned = bundle(capsys, "-o", name, "--key", private, *more)
        assert check(capsys, "-p", name, "--policy-key", public)[0] == 1
        assert check(capsys, "-p", pinned, "--policy-key", other, "--policy-key", public)[0] == 1
        code, _, err = check(capsys, "-p", name, "--policy-key", other)
        assert code == 2 and "none of the trusted keys signed it" in err and other in err
    for given, told in (
        (("-p", "plain.tar.gz"), "it is not signed, and it has to be"),
        (("-p", "policies"), "policies is no PolicyBundle, and policies have to be signed"),
        ((), "policies have to be signed, and none are named"),
        (("-p", "p.tar.gz", "-p", "policies"), "policies is no PolicyBundle"),
    ):
        code, _, err = check(capsys, *given, "--policy-key", public)
        assert code == 2 and told in err
        monkeypatch.setenv("LOCKGATE_POLICY_KEY", public)
        code, _, err = check(capsys, *given)
        assert code == 2 and told in err
        assert run(["explain", *given, "deploy/bad.yaml"]) == 2
        assert told in capsys.readouterr().err
        monkeypatch.delenv("LOCKGATE_POLICY_KEY")
    monkeypatch.setenv("LOCKGATE_POLICY_KEY", f"{other}:{public}")
    assert check(capsys, "-p", "p.tar.gz")[0] == 1


@pytest.mark.parametrize("place", ["deploy/k.pub", "deploy/sub/k.pub"])
def test_a_key_among_what_is_judged_is_refused(
    place: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    private, public = write_pair(tmp_path / "keys", "k", make_p256())
    bundle(capsys, "-o", "p.tar.gz", "--key", private)
    Path(place).parent.mkdir(exist_ok=True)
    Path(place).write_bytes(Path(public).read_bytes())
    code, _, err = check(capsys, "-p", "p.tar.gz", "--policy-key", place)
    assert code == 2 and f"the key {place} lies in what is judged" in err
    Path("lockgate.yaml").write_text("paths: [deploy]\n")
    assert run(["check", "-p", "p.tar.gz", "--policy-key", place]) == 2
    assert f"the key {place} lies in what is judged" in capsys.readouterr().err


@pytest.mark.parametrize("text", [b"", b"x", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_keys_that_are_none(text: bytes, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bundle(capsys, "-o", "p.tar.gz")
    (tmp_path / "k.pub").write_bytes(text)
    code, _, err = check(capsys, "-p", "p.tar.gz", "--policy-key", str(tmp_path / "k.pub"))
    assert code == 2 and "cannot be used" in err
    assert check(capsys, "-p", "p.tar.gz", "--policy-key", str(tmp_path / "none"))[0] == 2


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (f"p.tar.gz@sha256:{'0' * 64}", f"and sha256:{'0' * 64} is asked for"),
        ("p.tar.gz@sha256:123", "does not pin a PolicyBundle"),
        ("p.tar.gz@sha256:", "does not pin a PolicyBundle"),
        (f"@sha256:{'0' * 64}", "does not pin a PolicyBundle"),
        (f"policies@sha256:{'0' * 64}", "policies is no PolicyBundle, and only one can be pinned"),
        (f"none@sha256:{'0' * 64}", "the policy path none does not exist"),
        (f"none.tar.gz@sha256:{'0' * 64}", "cannot read the PolicyBundle none.tar.gz"),
        ("empty.tar.gz", "not in gzip"),
        ("pipe.tar.gz", "no regular file"),
    ],
)
def test_pins(named: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    import os

    bundle(capsys, "-o", "p.tar.gz")
    Path("empty.tar.gz").write_bytes(b"")
    os.mkfifo("pipe.tar.gz")
    code, _, err = check(capsys, "-p", named)
    assert code == 2 and told in err and "Traceback" not in err


def test_a_pin_in_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    pinned = bundle(capsys, "-o", "p.tar.gz")
    Path("lockgate.yaml").write_text(f"policies: [{pinned}]\n")
    assert check(capsys)[0] == 1
    bundle(capsys, "-o", "p.tar.gz", "--revision", "other")
    code, _, err = check(capsys)
    assert code == 2 and "is asked for" in err


def test_a_template_that_asks_providers_is_not_for_opa(capsys: pytest.CaptureFixture[str]) -> None:
    text = TEMPLATE.replace(
        "wanted := input", 'external_data({"provider": "p", "keys": ["k"]})\n        wanted := input'
    )
    Path("policies/templates/x.yaml").write_text(text)
    assert run(["policy", "bundle", "policies", "-o", "p.tar.gz"]) == 0
    assert "OPA cannot run NeededLabels" in capsys.readouterr().err
    names = [one.name for one in read_archive(Path("p.tar.gz").read_bytes(), "p")]
    assert not [name for name in names if name.endswith(".rego")]
