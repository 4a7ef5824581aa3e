"""`lockgate policy init`: what it writes passes its own check, finds what is new, and is written nowhere else."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.webhook.cli import run

from tests.policies.shipped import POLICIES
from tests.shared_folder import shared_path

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}{namespace}}}
spec:
  selector: {{app: x}}
  ports: [{{port: 80}}]
  trafficDistribution: {distribution}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}{namespace}}}
spec:
  containers:
  - name: c
    image: "{image}"
    resources: {{limits: {{memory: 1Gi}}}}
    securityContext: {{runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"""
PINNED = "registry.example.com/a@sha256:" + "0" * 64


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: str) -> Path:
    """An empty repository, which is where the command runs."""
    place = tmp_path / "repository"
    (place / ".git").mkdir(parents=True)
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    return place


def put(path: str, text: str, **values: str) -> None:
    """Writes a manifest of one of the forms above."""
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    namespace = values.pop("namespace", "")
    place.write_text(
        text.format(namespace=f", namespace: {namespace}" if namespace else "", **values), "utf-8"
    )


def init(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    """What the command says."""
    assert run(["policy", "init", *arguments]) == code
    return capsys.readouterr()


def check(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The code of a check as the configuration has it, and what it says."""
    code = run(["check"])
    return code, capsys.readouterr()[0]


def settings() -> dict[str, Any]:
    """What was written as configuration."""
    made = yaml.safe_load(Path("lockgate.yaml").read_text("utf-8"))
    assert isinstance(made, dict)
    return made


def constraints(profile: str) -> dict[str, dict[str, Any]]:
    """What was written as constraints, by their names."""
    text = Path(f"policies/lockgate/{profile}.yaml").read_text("utf-8")
    return {one["metadata"]["name"]: one for one in yaml.safe_load_all(text)}


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes; links are not followed."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        for path in sorted(root.rglob("*"))
    }


def test_what_is_denied_today_is_exempt_and_what_is_new_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    put("deploy/a.yaml", SERVICE, name="a", distribution="Nearest")
    out, _ = init(capsys, "--owner", "team-a")
    assert (
        "policies/lockgate/exemptions.yaml: what is denied today (1 violations) is exempt for 90d, and team-a answers"
        in out
    )
    assert "`lockgate check` passes: 0 denied, 0 warned of, 1 exempt" in out
    assert check(capsys)[0] == 0
    put("deploy/new.yaml", SERVICE, name="new", distribution="Nearest")
    code, out = check(capsys)
    assert code == 1
    assert "deploy/new.yaml" in out and "1 denied" in out
    put("deploy/a.yaml", SERVICE, name="a", distribution="Farthest")
    Path("deploy/new.yaml").unlink()
    assert check(capsys)[0] == 1, "another violation of the same object is new"


def test_a_clean_repository_needs_no_owner_and_no_exemptions(capsys: pytest.CaptureFixture[str]) -> None:
    put("deploy/a.yaml", POD, name="a", image=PINNED)
    out, _ = init(capsys)
    assert "wrote lockgate.yaml" in out and "exemptions" not in out
    assert not Path("policies/lockgate/exemptions.yaml").exists()
    assert check(capsys)[0] == 0
    assert settings() == {
        "policies": ["policies/lockgate"],
        "paths": ["."],
        "excludes": ["/policies/lockgate/"],
    }


def test_constraints_are_those_for_the_kinds_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    put("deploy/a.yaml", SERVICE, name="a", distribution="PreferClose")
    init(capsys)
    assert list(constraints("baseline")) == ["baseline-exposed-consoles", "baseline-traffic-distribution"]
    put("deploy/b.yaml", POD, name="b", image="nginx")
    out, _ = init(capsys, "--force")
    assert {"baseline-traffic-distribution", "baseline-immutable-images"} < set(constraints("baseline"))
    assert "more are for kinds that are not here (--all)" in out
    out, _ = init(capsys, "--force", "--all")
    assert "not here" not in out
    shipped = (POLICIES.root / "profiles" / "baseline.yaml").read_text("utf-8")
    assert list(constraints("baseline")) == [one["metadata"]["name"] for one in yaml.safe_load_all(shipped)]


def test_production_has_its_own_profile_where_namespaces_tell(capsys: pytest.CaptureFixture[str]) -> None:
    put("envs/prod/a.yaml", POD, name="a", namespace="ml-prod", image=PINNED)
    put("envs/dev/a.yaml", POD, name="a", namespace="ml-dev", image="nginx")
    out, _ = init(capsys)
    assert "production.yaml: " in out and "in the namespaces ml-prod" in out
    assert settings()["environments"] == [
        {"name": "dev", "paths": ["envs/dev"]},
        {"name": "prod", "paths": ["envs/prod"]},
    ]
    strict = constraints("production")["production-immutable-images"]["spec"]
    assert (strict["enforcementAction"], strict["match"]["namespaces"]) == ("deny", ["ml-prod"])
    mild = constraints("baseline")["baseline-immutable-images"]["spec"]
    assert (mild["enforcementAction"], mild["match"]["excludedNamespaces"]) == ("warn", ["ml-prod"])
    assert check(capsys)[0] == 0
    put("envs/dev/b.yaml", POD, name="b", namespace="ml-dev", image="redis")
    assert check(capsys)[0] == 0
    put("envs/prod/b.yaml", POD, name="b", namespace="ml-prod", image="redis")
    assert check(capsys)[0] == 1


def test_a_kustomization_s_namespace_tells_an_environment(capsys: pytest.CaptureFixture[str]) -> None:
    put("overlays/prod/a.yaml", POD, name="a", image="nginx")
    Path("overlays/prod/kustomization.yaml").write_text("namespace: ml-prod\nresources: [a.yaml]\n")
    put("overlays/dev/a.yaml", POD, name="a", namespace="ml-dev", image="nginx")
    init(capsys, "--owner", "team-a")
    assert settings()["folders"] == [{"path": "overlays/prod", "namespace": "ml-prod"}]
    assert constraints("production")["production-immutable-images"]["spec"]["match"]["namespaces"] == [
        "ml-prod"
    ]
    assert check(capsys)[0] == 0


def test_objects_that_cannot_be_told_apart_stay_under_the_common_profile(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("envs/prod/a.yaml", POD, name="a", image="nginx")
    put("envs/prod/b.yaml", POD, name="b", namespace="shared", image="nginx")
    put("envs/dev/b.yaml", POD, name="b", namespace="shared", image="nginx")
    out, _ = init(capsys)
    assert "note: some objects of prod name no namespace, so that production does not judge them" in out
    assert "note: shared is of prod and of another environment" in out
    assert not Path("policies/lockgate/production.yaml").exists()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["--profile", "regulated"], ["regulated"]),
        (["--profile", "prod=regulated"], ["baseline", "regulated"]),
        (["--profile", "production", "--profile", "dev=baseline"], ["baseline", "production"]),
        (["--profile", "baseline"], ["baseline"]),
    ],
)
def test_profiles_are_chosen(
    given: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    put("envs/prod/a.yaml", POD, name="a", namespace="ml-prod", image=PINNED)
    put("envs/dev/a.yaml", POD, name="a", namespace="ml-dev", image=PINNED)
    init(capsys, *given)
    assert sorted(path.stem for path in Path("policies/lockgate").iterdir()) == expected
    assert check(capsys)[0] == 0


def test_what_cannot_be_judged_is_left_out_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    put("deploy/a.yaml", POD, name="a", image=PINNED)
    for name in ("chart/templates/x.yaml", "chart/templates/sub/y.yaml"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("kind: Pod\napiVersion: v1\nmetadata: {name: {{ .Values.name }}}\n")
    for name in (
        "broken [1]!.yaml",
        "#odd *.yaml",
        "deploy/line\nend.yaml",
        "deploy/space .yaml",
        "é\u202e.yaml",
    ):
        Path(name).write_text("a: [\n")
    os.mkdir(os.fsencode("deploy/caf\udce9"))
    Path(os.fsdecode(b"deploy/caf\xe9/x.yaml")).write_text("a: [\n")
    out, _ = init(capsys)
    assert "left out of the check, since it cannot be judged as it is: " in out and "/chart/templates/" in out
    code, said = check(capsys)
    assert (code, "1 object in 2 files: 0 denied" in said) == (0, True), said


def test_what_no_exemption_can_name_has_to_be_mended(capsys: pytest.CaptureFixture[str]) -> None:
    put("deploy/a.yaml", SERVICE, name="a", namespace='"<namespace>"', distribution="Nearest")
    out, _ = init(capsys, code=1)
    assert "`lockgate check` does not pass yet: 1 denied" in out
    assert "to be mended, since no exemption can name it: deploy/a.yaml:7: " in out
    assert check(capsys)[0] == 1


def test_nothing_is_written_over(capsys: pytest.CaptureFixture[str], tree: Path) -> None:
    put("deploy/a.yaml", SERVICE, name="a", distribution="Nearest")
    init(capsys, "--owner", "team-a", "--profile", "regulated")
    before = snapshot(tree)
    _, err = init(capsys, "--owner", "team-b", code=2)
    assert "lockgate.yaml is there already" in err and snapshot(tree) == before
    out, _ = init(capsys, "--owner", "team-b", "--force")
    assert "removed policies/lockgate/regulated.yaml, which was of a former beginning" in out
    assert "team-b" in Path("policies/lockgate/exemptions.yaml").read_text("utf-8")
    assert check(capsys)[0] == 0


def test_a_dry_run_shows_and_writes_nothing(capsys: pytest.CaptureFixture[str], tree: Path) -> None:
    put("deploy/a.yaml", SERVICE, name="a", distribution="Nearest")
    before = snapshot(tree)
    out, err = init(capsys, "--dry-run", "--owner", "team-a")
    assert snapshot(tree) == before
    assert out.startswith("# would write lockgate.yaml\n") and "kind: Exemption" in out
    assert "would write policies/lockgate/baseline.yaml: 2 constraints" in err
    documents = list(
        yaml.safe_load_all(out.partition("# would write policies/lockgate/exemptions.yaml\n")[2])
    )
    assert [one["spec"]["owner"] for one in documents if one] == ["team-a"]


def _link(place: str, target: str) -> Callable[[], None]:
    def make() -> None:
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).symlink_to(target)

    return make


def _file(place: str) -> Callable[[], None]:
    def make() -> None:
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).write_text("mine: true\n")

    return make


HOSTILE: dict[str, tuple[Callable[[], None], list[str], str]] = {
    "configuration is a link out": (
        _link("lockgate.yaml", "../outside/x"),
        [],
        "is a link out of the repository",
    ),
    "configuration is a link inside": (_link("lockgate.yaml", "deploy/a.yaml"), [], "is a symbolic link"),
    "folder is a link out": (_link("policies", "../outside"), [], "policies is a symbolic link"),
    "folder in it is a link": (
        _link("policies/lockgate", "../../outside"),
        [],
        "policies/lockgate is a symbolic link",
    ),
    "a file is a link": (
        _link("policies/lockgate/baseline.yaml", "../../../outside/x"),
        [],
        "is a symbolic link",
    ),
    "folder is a file": (_file("policies"), [], "policies is no folder"),
    "others lie there": (_file("policies/lockgate/mine.yaml"), [], "has mine.yaml, which would judge too"),
    "folder outside": (lambda: None, ["--folder", "../outside"], "lies outside of the repository"),
    "folder by its root": (lambda: None, ["--folder", "/elsewhere"], "lies outside of the repository"),
    "folder is the root": (lambda: None, ["--folder", "."], "lies outside of the repository"),
    "no such profile": (lambda: None, ["--profile", "strict"], "there is no profile 'strict'"),
    "no such environment": (
        lambda: None,
        ["--profile", "prod=regulated"],
        "no folder is of an environment 'prod'",
    ),
    "two profiles": (lambda: None, ["--profile", "baseline", "--profile", "regulated"], "--profile says"),
    "no owner": (lambda: None, [], "somebody has to answer for their exemptions"),
    "empty owner": (lambda: None, ["--owner", " "], "--owner takes a name"),
    "too long": (lambda: None, ["--expires", "400d"], "--expires takes a span of time"),
    "no folder": (lambda: None, ["deploy/a.yaml"], "is no folder"),
    "nothing there": (lambda: Path("empty").mkdir(), ["empty"], "has no manifest under it"),
}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_refused(name: str, force: bool, capsys: pytest.CaptureFixture[str], tree: Path) -> None:
    arrange, arguments, message = HOSTILE[name]
    (tree.parent / "outside").mkdir()
    put("deploy/a.yaml", SERVICE, name="a", distribution="Nearest")
    arrange()
    before = snapshot(tree.parent)
    if name not in ("no owner", "empty owner"):
        arguments = [*arguments, "--owner", "team-a"]
    _, err = init(capsys, *arguments, *(["--force"] if force else []), code=2)
    assert message in err and "Traceback" not in err
    assert snapshot(tree.parent) == before


def test_a_configuration_further_up_is_not_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    Path("lockgate.yaml").write_text("paths: [.]\n")
    put("deploy/a.yaml", POD, name="a", image=PINNED)
    _, err = init(capsys, "deploy", code=2)
    assert "is the configuration of this folder already" in err
    assert not Path("deploy/lockgate.yaml").exists()


def test_templates_that_are_there_are_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(shared_path("corpus", "systems", "gatekeeper"), "gatekeeper")
    out, _ = init(capsys, "--owner", "team-a", code=0)
    assert "note: ConstraintTemplates are in gatekeeper/" in out


@pytest.mark.slow
def test_a_repository_of_public_manifests(capsys: pytest.CaptureFixture[str]) -> None:
    for system in ("kserve", "fluxcd", "ray", "argo-workflows", "gitops-promotion"):
        shutil.copytree(shared_path("corpus", "systems", system), Path("apps") / system)
    out, _ = init(capsys, "--profile", "production", "--owner", "team-a", code=1)
    assert "systems: " in out and "KServe (" in out and "Ray (" in out and "Flux (" in out
    # What no exemption can name are placeholders in public examples.
    code, said = check(capsys)
    denied = [line for line in said.splitlines() if "error" in line and "apps/" in line]
    assert code == 1 and " exempt" in said, denied
    before = said
    put("apps/kserve/new.yaml", POD, name="new", image="nginx:latest")
    code, said = check(capsys)
    assert code == 1 and "apps/kserve/new.yaml" in said and "apps/kserve/new.yaml" not in before
