"""`lockgate check --base`: what a change moves between environments, and what it is refused for."""

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from lockgate.engine.codegen.cache import open_cache
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.cli import run
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promotions.naming import ModelNames
from lockgate.webhook.promotions.reading import HolderReader

from tests.shared_folder import ROOT
from tests.webhook.promoting.office import BYTES, EVALUATION, FACTS_TRUST, Office, open_office
from tests.webhook.promotions.making import HEX_A, Json, application, deployment, kustomization, service
from tests.webhook.test_check_base import git

SCHEMA = json.loads((ROOT / "webhook" / "schemas" / "check.schema.json").read_text())
ENVIRONMENTS: list[Json] = [
    {"name": "dev", "paths": ["deploy/dev"], "clusters": ["dev-eu"]},
    {"name": "staging", "paths": ["deploy/staging"], "overlays": ["apps/*/overlays/staging"]},
    {
        "name": "prod",
        "paths": ["deploy/prod"],
        "overlays": ["apps/*/overlays/prod"],
        "clusters": ["prod-eu"],
        "namespaces": ["ml-prod"],
    },
]
CONFIG: Json = {"policies": ["policies"], "paths": ["deploy"], "environments": ENVIRONMENTS}
STEP: Json = {"to": "prod", "evidence": [{"kind": "facts"}], "approvals": [{"group": "leads", "count": 1}]}
POLICY: Json = {
    "apiVersion": "promotion.lockgate.dev/v1alpha1",
    "kind": "PromotionPolicy",
    "metadata": {"name": "models"},
    "spec": {"environments": ["dev", "staging", "prod"], "steps": [STEP]},
}
V1, V2 = "hf://ml/fraud:v1", "hf://ml/fraud:v2"
# What happened, in which environment, from which, the kind, old and new version, and the file.
Told = tuple[str, str | None, str | None, str, str | None, str, str]


def write(path: str, *objects: Json) -> None:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("---\n".join([yaml.safe_dump(one, sort_keys=False) for one in objects]))


def commit() -> None:
    git("add", "-A")
    git("commit", "-qm", "another")


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: str) -> Path:
    """A repository in which staging is a version ahead of production."""
    place = tmp_path / "repository"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    git("init", "-q", "-b", "main")
    write("lockgate.yaml", CONFIG)
    write("policies/promotion.yaml", POLICY)
    write("deploy/dev/fraud.yaml", service(V2))
    write("deploy/staging/fraud.yaml", service(V2))
    write("deploy/prod/fraud.yaml", service(V1))
    commit()
    return place


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    code = run(["check", "--base", "HEAD", "--format", "json", *arguments])
    out, err = capsys.readouterr()
    made: dict[str, Any] = json.loads(out) if out else {}
    if made:
        jsonschema.Draft202012Validator(SCHEMA).validate(made)
    return code, made, err


def told(made: dict[str, Any]) -> list[Told]:
    return [
        (
            one["happening"],
            one["environment"],
            one["from"],
            one["kind"],
            None if one["former"] is None else one["former"]["version"],
            one["version"],
            one["file"],
        )
        for one in made["moved"]
    ]


def missing(made: dict[str, Any]) -> list[str]:
    return [part["what"] for one in made["moved"] for part in one["missing"]]


PROMOTED: Told = ("promotion", "prod", "staging", "model", "v1", "v2", "deploy/prod/fraud.yaml")
ALL = ["approvals/leads", "evidence/facts", "requester"]


def test_a_promotion_is_refused_for_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/prod/fraud.yaml", service(V2))
    code, made, _ = check(capsys)
    assert code == 1
    assert told(made) == [PROMOTED]
    assert missing(made) == ALL
    assert made["summary"]["denied"] == 3
    one = made["violations"][0]
    assert (one["policy"], one["constraint"], one["actions"]) == ("PromotionPolicy", "models", ["deny"])
    assert one["path"] == ["spec", "predictor", "model", "storageUri"]
    lines = Path("deploy/prod/fraud.yaml").read_text().splitlines()
    assert V2 in lines[one["line"] - 1]
    fixes = " ".join([violation["fix"] for violation in made["violations"]])
    assert "lockgate scan --sign" in fixes
    assert "lockgate approve" in fixes
    assert "lockgate promote" in fixes


def test_who_asks_may_be_known(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/prod/fraud.yaml", service(V2))
    assert missing(check(capsys, "--user", "ada")[1]) == ["approvals/leads", "evidence/facts"]


def test_nothing_is_asked_where_no_policy_asks(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/promotion.yaml").unlink()
    write("lockgate.yaml", {**CONFIG, "policies": []})
    commit()
    write("deploy/prod/fraud.yaml", service(V2))
    code, made, _ = check(capsys)
    assert (code, told(made), missing(made)) == (0, [PROMOTED], [])


def test_nothing_is_looked_for_where_no_environments_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/promotion.yaml").unlink()
    write("lockgate.yaml", {"paths": ["deploy"]})
    commit()
    write("deploy/prod/fraud.yaml", service(V2))
    assert "moved" not in check(capsys)[1]


def test_nothing_changed(capsys: pytest.CaptureFixture[str]) -> None:
    code, made, _ = check(capsys)
    assert (code, made["moved"]) == (0, [])


def test_without_a_base_a_policy_is_not_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--format", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    (one,) = made["notEvaluated"]
    assert (one["policy"], one["constraint"]) == ("PromotionPolicy", "models")
    assert "--base" in one["needs"]
    assert "moved" not in made


@pytest.mark.parametrize("kind", ["text", "sarif", "junit", "github", "tap"])
def test_formats(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    write("deploy/prod/fraud.yaml", service(V2))
    write("deploy/dev/fraud.yaml", service("hf://ml/fraud:v3"))
    assert run(["check", "--base", "HEAD", "--format", kind]) == 1
    out = capsys.readouterr().out
    assert "model hf:ml/fraud v1 → v2 enters prod from staging" in out.replace("\\u2192", "→")
    if kind == "text":
        assert "Moved" in out
        assert "deploy/dev/fraud.yaml:10  introduction  model hf:ml/fraud v2 → v3 enters dev" in out
        assert "3 missing" in out
    if kind == "junit":
        root = ElementTree.fromstring(out)
        assert root.get("failures") == "1"
        assert "introduction of model hf:ml/fraud in dev" in out
    if kind == "sarif":
        (found,) = json.loads(out)["runs"]
        notes = [one for one in found["results"] if one["level"] == "note"]
        assert sorted(one["ruleId"] for one in notes) == ["moved/introduction", "moved/promotion"]
        assert {found["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] for one in notes} == {
            "moved/introduction",
            "moved/promotion",
        }
        assert len([one for one in found["results"] if one["level"] == "error"]) == 3


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (V2, "model hf:ml/fraud v1 → v2 enters prod from staging"),
        ("hf://ml/other:v2", "model hf:ml/fraud v1 → hf:ml/other v2 enters prod from nowhere that is known"),
        ("s3://m/fraud/8", "model hf:ml/fraud v1 → s3:m/fraud/8 enters prod from nowhere that is known"),
    ],
)
def test_how_a_change_is_told(capsys: pytest.CaptureFixture[str], uri: str, expected: str) -> None:
    write("deploy/prod/fraud.yaml", service(uri))
    _, made, _ = check(capsys)
    assert made["violations"][0]["message"].startswith(expected + ":")


def test_a_place_that_ends_with_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/prod/fraud.yaml", service("s3://models/fraud/7"))
    commit()
    write("deploy/prod/fraud.yaml", service("s3://models/fraud/6"))
    _, made, _ = check(capsys)
    assert "model s3:models/fraud 7 → 6 goes back in prod" in made["violations"][0]["message"]


def test_what_is_gone_is_told_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    Path("deploy/prod/fraud.yaml").unlink()
    code, made, _ = check(capsys)
    assert code == 0
    assert told(made) == [("removal", "prod", None, "model", None, "v1", "deploy/prod/fraud.yaml")]
    assert made["moved"][0]["inBase"]
    assert made["moved"][0]["line"] == 10


def test_moved_to_another_file_and_name_is_no_event(capsys: pytest.CaptureFixture[str]) -> None:
    Path("deploy/prod/fraud.yaml").rename("deploy/prod/other.yaml")
    write("deploy/staging/fraud.yaml", service(V2, "renamed"))
    assert check(capsys)[1]["moved"] == []


def test_an_unknown_environment_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/elsewhere/fraud.yaml", service(V2))
    code, made, _ = check(capsys)
    assert code == 1
    assert told(made) == [("unknown", None, None, "model", None, "v2", "deploy/elsewhere/fraud.yaml")]
    assert missing(made) == ["environment"]
    assert "lockgate.yaml" in made["violations"][0]["fix"]


def labelled(one: Json, environment: str) -> Json:
    one["metadata"]["labels"] = {"lockgate.dev/environment": environment}
    return one


def test_a_label_raises(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/staging/fraud.yaml", labelled(service(V2), "prod"))
    code, made, _ = check(capsys)
    assert code == 1
    assert [one[:3] for one in told(made)] == [("removal", "staging", None), ("promotion", "prod", "staging")]


@pytest.mark.parametrize("label", ["dev", "staging"])
def test_a_label_does_not_lower(capsys: pytest.CaptureFixture[str], label: str) -> None:
    write("deploy/prod/fraud.yaml", labelled(service(V2), label))
    assert told(check(capsys)[1]) == [PROMOTED]


def test_a_label_that_is_no_environment_makes_it_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/prod/fraud.yaml", labelled(service(V2), "nowhere"))
    code, made, _ = check(capsys)
    assert code == 1
    assert ("unknown", None) in [one[:2] for one in told(made)]
    assert "nowhere" in made["violations"][0]["message"]


def test_a_namespace_that_is_relabelled_raises_what_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    inside = service(V2)
    inside["metadata"]["namespace"] = "team"
    space: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
    write("deploy/staging/fraud.yaml", inside)
    write("deploy/staging/namespace.yaml", space)
    commit()
    write("deploy/staging/namespace.yaml", labelled(space, "prod"))
    code, made, _ = check(capsys)
    assert code == 1
    entered = ("promotion", "prod", "staging", "model", None, "v2", "deploy/staging/fraud.yaml")
    assert entered in told(made)


def test_a_namespace_says_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    inside = service(V2)
    inside["metadata"]["namespace"] = "ml-prod"
    write("deploy/dev/other.yaml", inside)
    assert told(check(capsys)[1])[0][:3] == ("promotion", "prod", "staging")


def test_where_a_gitops_tool_deploys_to(capsys: pytest.CaptureFixture[str]) -> None:
    def to(cluster: str, revision: str) -> Json:
        made = application(revision)
        made["spec"]["destination"] = {"name": cluster, "namespace": "fraud"}
        return made

    write("deploy/dev/app.yaml", to("dev-eu", "v1"))
    commit()
    write("deploy/dev/app.yaml", to("prod-eu", "v1"))
    moved = told(check(capsys)[1])
    assert ("promotion", "prod", "dev", "revision", None, "v1", "deploy/dev/app.yaml") in moved
    write("deploy/dev/app.yaml", to("another", "v1"))
    code, made, _ = check(capsys)
    assert code == 1
    assert "no environment has the cluster another" in json.dumps(made["violations"])


IMAGE = "registry.example.com/ml/server"


def overlay(name: str, tag: str) -> None:
    write(
        f"apps/fraud/overlays/{name}/kustomization.yaml",
        kustomization(resources=["../../base"], images=[{"name": IMAGE, "newTag": tag}]),
    )


@pytest.fixture
def overlays() -> None:
    """Two overlays of a base."""
    write("apps/fraud/base/kustomization.yaml", kustomization(resources=["server.yaml"]))
    write("apps/fraud/base/server.yaml", deployment(f"{IMAGE}:v0"))
    overlay("staging", "v2")
    overlay("prod", "v1")
    commit()


@pytest.mark.usefixtures("overlays")
def test_an_overlay_takes_another_tag(capsys: pytest.CaptureFixture[str]) -> None:
    overlay("prod", "v2")
    code, made, _ = check(capsys, "apps")
    place = "apps/fraud/overlays/prod/kustomization.yaml"
    assert code == 0
    assert told(made) == [("promotion", "prod", "staging", "image", "v1", "v2", place)]
    assert "newTag" in Path(place).read_text().splitlines()[made["moved"][0]["line"] - 1]


@pytest.mark.usefixtures("overlays")
def test_what_overlays_take_in_is_of_each_of_their_environments(capsys: pytest.CaptureFixture[str]) -> None:
    write("apps/fraud/base/server.yaml", deployment(f"{IMAGE}:v9"))
    code, made, _ = check(capsys, "apps")
    place = "apps/fraud/base/server.yaml"
    assert code == 1
    assert told(made) == [
        ("promotion", "prod", "staging", "image", "v0", "v9", place),
        ("promotion", "staging", None, "image", "v0", "v9", place),
    ]


@pytest.mark.usefixtures("overlays")
def test_a_patch_of_an_overlay(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "apps/fraud/overlays/prod/kustomization.yaml",
        kustomization(resources=["../../base"], patches=[{"path": "model.yaml"}]),
    )
    write("apps/fraud/overlays/prod/model.yaml", service(V1))
    commit()
    write("apps/fraud/overlays/prod/model.yaml", service(V2))
    code, made, _ = check(capsys, "apps", "deploy")
    assert code == 1
    assert (
        "promotion",
        "prod",
        "staging",
        "model",
        "v1",
        "v2",
        "apps/fraud/overlays/prod/model.yaml",
    ) in told(made)


@pytest.mark.usefixtures("overlays")
def test_an_overlay_patches_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    def patch(environment: str, version: int) -> None:
        text = f"- op: replace\n  path: /spec/predictor/model/storageUri\n  value: hf://ml/fraud:v{version}\n"
        target = {"group": "serving.kserve.io", "version": "v1beta1", "kind": "InferenceService"}
        write(
            f"apps/fraud/overlays/{environment}/kustomization.yaml",
            kustomization(resources=["../../base"], patches=[{"patch": text, "target": target}]),
        )

    patch("staging", 2)
    patch("prod", 1)
    commit()
    patch("prod", 2)
    code, made, _ = check(capsys, "apps")
    place = "apps/fraud/overlays/prod/kustomization.yaml"
    assert told(made) == [("promotion", "prod", "staging", "model", "v1", "v2", place)]
    assert (code, missing(made)) == (1, ALL)
    assert "patch:" in Path(place).read_text().splitlines()[made["moved"][0]["line"] - 1]


def test_a_name_of_a_file_hides_no_object(capsys: pytest.CaptureFixture[str]) -> None:
    """By its namespace it is of production, in a folder of no environment."""
    hidden = service("hf://ml/fraud:v9")
    hidden["metadata"]["namespace"] = "ml-prod"
    for name in ("values-x.yaml", "kustomization.yaml", "a-values.yaml"):
        place = f"deploy/more/{name}"
        write(place, hidden)
        code, made, _ = check(capsys)
        assert (code, told(made)) == (1, [("promotion", "prod", None, "model", None, "v9", place)]), name
        Path(place).unlink()


def test_values_of_a_chart(capsys: pytest.CaptureFixture[str]) -> None:
    def values(tag: str) -> Json:
        return {"server": {"image": {"repository": IMAGE, "tag": tag}}}

    write("deploy/staging/values.yaml", values("2"))
    write("deploy/prod/values-eu.yaml", values("1"))
    write("deploy/chart/values.yaml", values("1"))
    commit()
    write("deploy/prod/values-eu.yaml", values("2"))
    write("deploy/chart/values.yaml", values("2"))
    code, made, _ = check(capsys)
    assert code == 0
    assert told(made) == [("promotion", "prod", "staging", "image", "1", "2", "deploy/prod/values-eu.yaml")]
    assert made["moved"][0]["path"] == ["server", "image", "tag"]
    assert made["moved"][0]["line"] == 4


def test_what_is_excluded_is_not_gone(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/prod/old.yaml", deployment(f"{IMAGE}:v1"))
    commit()
    write("deploy/prod/fraud.yaml", service(V2))
    assert told(check(capsys, "--exclude", "old.yaml")[1]) == [PROMOTED]


def test_links_that_are_as_they_were_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    write("shared/server.yaml", deployment(f"{IMAGE}:v1"))
    Path("shared/more").mkdir()
    write("shared/more/batch.yaml", deployment(f"{IMAGE}-batch:v1", "batch"))
    os.symlink("../../shared/server.yaml", "deploy/prod/server.yaml")
    os.symlink("../../shared/more", "deploy/prod/more")
    commit()
    write("deploy/prod/fraud.yaml", service(V2))
    assert told(check(capsys)[1]) == [PROMOTED]
    write("shared/server.yaml", deployment(f"{IMAGE}:v2"))
    found = told(check(capsys)[1])
    assert ("promotion", "prod", None, "image", None, "v2", "deploy/prod/server.yaml") in found
    Path("shared/server.yaml").write_text("")
    git("checkout", "-q", "shared/server.yaml")
    Path("deploy/prod/more").unlink()
    os.symlink("../../shared", "deploy/prod/more")
    assert any(one[-1].startswith("deploy/prod/more") for one in told(check(capsys)[1]))


def test_a_change_does_not_say_what_is_of_which_environment(capsys: pytest.CaptureFixture[str]) -> None:
    lowered = [{"name": "dev", "paths": ["deploy"]}, {"name": "staging"}, {"name": "prod"}]
    write("lockgate.yaml", {**CONFIG, "environments": lowered})
    Path("policies/promotion.yaml").unlink()
    write("deploy/prod/fraud.yaml", service(V2))
    code, made, _ = check(capsys)
    assert code == 1
    assert (told(made), missing(made)) == ([PROMOTED], ALL)


def test_other_environments_in_policy_and_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "policies/promotion.yaml",
        {**POLICY, "spec": {**POLICY["spec"], "environments": ["staging", "dev", "prod"]}},
    )
    commit()
    code, _, err = check(capsys)
    assert code == 2
    assert "PromotionPolicy models" in err
    assert "same order" in err


def test_folders_alone_say_it_in_the_order_of_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    folders = [{"path": f"deploy/{name}", "environment": name} for name in ("dev", "staging", "prod")]
    write("lockgate.yaml", {"policies": ["policies"], "paths": ["deploy"], "folders": folders})
    commit()
    write("deploy/prod/fraud.yaml", service(V2))
    assert told(check(capsys)[1]) == [PROMOTED]


def test_an_environment_map_says_it_where_the_configuration_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known: list[Json] = [
        {"name": "dev", "namespaces": ["ml-dev"]},
        {"name": "staging", "namespaces": ["ml-staging"]},
        {"name": "prod", "namespaces": ["ml-prod"]},
    ]
    mapped: Json = {
        "apiVersion": POLICY["apiVersion"],
        "kind": "EnvironmentMap",
        "metadata": {"name": "cluster"},
    }
    write("policies/environments.yaml", {**mapped, "spec": {"environments": known}})
    write("lockgate.yaml", {"policies": ["policies"], "paths": ["deploy"]})

    def inside(name: str, version: str) -> None:
        made = service(version)
        made["metadata"]["namespace"] = f"ml-{name}"
        write(f"deploy/{name}/fraud.yaml", made)

    inside("staging", V2)
    inside("prod", V1)
    Path("deploy/dev/fraud.yaml").unlink()
    commit()
    inside("prod", V2)
    assert told(check(capsys)[1]) == [PROMOTED]


def test_nothing_is_judged_by_an_environment_map_alone(capsys: pytest.CaptureFixture[str]) -> None:
    mapped: Json = {
        "apiVersion": POLICY["apiVersion"],
        "kind": "EnvironmentMap",
        "metadata": {"name": "cluster"},
    }
    known: list[Json] = [{"name": "dev"}, {"name": "prod", "namespaces": ["ml-prod"]}]
    write("policies/promotion.yaml", {**mapped, "spec": {"environments": known}})
    commit()
    code, _, err = check(capsys)
    assert code == 2
    assert "nothing would be judged" in err


def test_a_wrong_policy_is_told_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    write("policies/promotion.yaml", {**POLICY, "spec": {"environments": ["dev"], "steps": []}})
    commit()
    code, _, err = check(capsys)
    assert code == 2
    assert "policies/promotion.yaml:7:3" in err


def test_standard_input_has_no_former_state(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    class Input:
        buffer = io.BytesIO(yaml.safe_dump(service(V2)).encode())

    monkeypatch.setattr(sys, "stdin", Input())
    code, made, _ = check(capsys, "-")
    assert code == 0
    assert "former state" in made["notEvaluated"][0]["needs"]


def test_secrets_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    secret: Json = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "stringData": {"token": "correct-horse-battery"},
    }
    write(
        "deploy/prod/fraud.yaml", service("https://models.example.com/correct-horse-battery/m.onnx"), secret
    )
    code, made, _ = check(capsys)
    assert code == 1
    assert "correct-horse" not in json.dumps({name: made[name] for name in ("moved", "violations")})


def test_digests_that_are_pinned(capsys: pytest.CaptureFixture[str]) -> None:
    pinned = f"{IMAGE}@sha256:{HEX_A}"
    write("deploy/staging/server.yaml", deployment(pinned))
    commit()
    write("deploy/prod/server.yaml", deployment(pinned))
    assert told(check(capsys)[1]) == [
        ("promotion", "prod", "staging", "image", None, f"sha256:{HEX_A}", "deploy/prod/server.yaml")
    ]


def test_back_to_what_was_there(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/prod/fraud.yaml", service(V2))
    commit()
    write("deploy/prod/fraud.yaml", service(V1))
    code, made, _ = check(capsys)
    assert told(made) == [("rollback", "prod", None, "model", "v2", "v1", "deploy/prod/fraud.yaml")]
    assert made["moved"][0]["wasThere"]
    assert (code, missing(made)) == (1, ALL)


def test_back_to_what_was_never_there(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/prod/fraud.yaml", service("hf://ml/fraud:v0"))
    code, made, _ = check(capsys)
    assert told(made) == [("rollback", "prod", None, "model", "v1", "v0", "deploy/prod/fraud.yaml")]
    assert not made["moved"][0]["wasThere"]
    assert (code, missing(made)) == (1, [*ALL[:1], "direction", *ALL[1:]])


def test_what_a_lower_environment_had_once(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("staging", "dev"):
        write(f"deploy/{name}/fraud.yaml", service("hf://ml/fraud:v3"))
    commit()
    write("deploy/prod/fraud.yaml", service(V2))
    assert told(check(capsys)[1]) == [PROMOTED]


def test_a_changes_own_commits_are_no_history(capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-qb", "change")
    write("deploy/prod/fraud.yaml", service("hf://ml/fraud:v0"))
    commit()
    write("deploy/prod/fraud.yaml", service(V1))
    commit()
    write("deploy/prod/fraud.yaml", service("hf://ml/fraud:v0"))
    code = run(["check", "--base", "main", "--format", "json"])
    made = json.loads(capsys.readouterr().out)
    assert code == 1
    assert not made["moved"][0]["wasThere"]


def test_a_branch_that_was_merged_ran_as_it_was_merged(capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-qb", "side")
    write("deploy/prod/fraud.yaml", service("hf://ml/fraud:v0"))
    commit()
    write("deploy/prod/fraud.yaml", service(V2))
    commit()
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "merged", "side")
    write("deploy/prod/fraud.yaml", service("hf://ml/fraud:v0"))
    assert not check(capsys)[1]["moved"][0]["wasThere"]
    write("deploy/prod/fraud.yaml", service(V1))
    assert check(capsys)[1]["moved"][0]["wasThere"]


def test_names_of_files_are_no_patterns_for_git(capsys: pytest.CaptureFixture[str]) -> None:
    """`:(top)` before a path is magic to git (gitglossary(7), pathspec)."""
    name = "deploy/prod/:(top)fraud*.yaml"
    Path("deploy/prod/fraud.yaml").rename(name)
    commit()
    write(name, service(V2))
    commit()
    write(name, service(V1))
    (one,) = check(capsys)[1]["moved"]
    assert (one["happening"], one["wasThere"], one["file"]) == ("rollback", True, name)


def test_of_what_runs_no_model_the_way_alone_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    write("deploy/staging/server.yaml", deployment(f"{IMAGE}:v1"))
    commit()
    write("deploy/prod/server.yaml", deployment(f"{IMAGE}:v1"))
    code, made, _ = check(capsys)
    assert (code, missing(made)) == (0, [])
    write("deploy/prod/server.yaml", deployment(f"{IMAGE}:v9"))
    code, made, _ = check(capsys)
    assert (code, missing(made)) == (1, ["direction"])


def serve(environment: str, version: str, image: str) -> None:
    """A model with the image that serves it."""
    made = service(version, containers=[{"name": "kserve-container", "image": f"{IMAGE}:{image}"}])
    made["metadata"]["namespace"] = f"ml-{environment}"
    write(f"deploy/{environment}/fraud.yaml", made)


@pytest.fixture
def served() -> None:
    """A model with its server, in staging and in production."""
    for environment in ("dev", "staging", "prod"):
        serve(environment, V1, "v1")
    commit()


@pytest.mark.usefixtures("served")
def test_another_image_for_a_model_is_a_promotion_of_it_anew(capsys: pytest.CaptureFixture[str]) -> None:
    serve("dev", V1, "v2")
    serve("staging", V1, "v2")
    commit()
    serve("prod", V1, "v2")
    code, made, _ = check(capsys)
    assert [one[3] for one in told(made)] == ["image"]
    assert (code, missing(made)) == (1, ALL)


@pytest.mark.usefixtures("served")
def test_a_model_with_its_image_lacks_things_once(capsys: pytest.CaptureFixture[str]) -> None:
    serve("dev", V2, "v2")
    serve("staging", V2, "v2")
    commit()
    serve("prod", V2, "v2")
    code, made, _ = check(capsys)
    assert sorted([one[3] for one in told(made)]) == ["image", "model"]
    assert (code, missing(made)) == (1, ALL)


PROMOTION: Json = {
    "entry": 10,
    "state": "current",
    "subject": f"sha256:{HEX_A}",
    "namespace": "ml-prod",
    "cluster": "",
    "flags": [],
    "serving": [{"kind": "image", "key": IMAGE, "version": "v2"}],
}


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("answer", "environment", "expected"),
    [
        ({}, "prod", []),
        ({}, "staging", ALL),
        ({"state": "former"}, "prod", ALL),
        ({"state": "revoked"}, "prod", ALL),
        ({"namespace": "other"}, "prod", ALL),
        # The image that serves it is in no statement; that it comes from staging is not enough.
        ({"serving": []}, "prod", ALL),
        ({"namespace": "", "newer": [{"namespace": "ml-prod", "cluster": ""}]}, "prod", ALL),
        ({"namespace": "", "newer": [{"namespace": "other", "cluster": ""}]}, "prod", []),
    ],
    ids=[
        "made",
        "elsewhere",
        "another came after it",
        "revoked",
        "another namespace",
        "another image",
        "another came after it here",
        "another came after it elsewhere",
    ],
)
def test_a_promotion_that_was_made_lacks_nothing(
    capsys: pytest.CaptureFixture[str], answer: Json, environment: str, expected: list[str]
) -> None:
    serve("dev", V2, "v2")
    serve("staging", V2, "v2")
    answers: Json = {
        "apiVersion": "externaldata.lockgate.dev/v1alpha1",
        "kind": "ExternalData",
        "providers": [
            {
                "provider": "lockgate-promotions",
                "values": {
                    V2: {environment: [{**PROMOTION, "state": "former", "entry": 9}, {**PROMOTION, **answer}]}
                },
                "otherwise": "none",
            }
        ],
    }
    write("answers.yaml", answers)
    commit()
    serve("prod", V2, "v2")
    code, made, _ = check(capsys, "--external-data", "answers.yaml")
    assert (code, sorted(set(missing(made)))) == (1 if expected else 0, expected)


@pytest.fixture
def trail(tree: Path) -> Path:
    """A trail beside the repository, in which version 7 was promoted to staging and production. The repository has it in staging alone."""
    folder = tree.parent / "office"
    folder.mkdir()
    office = open_office(folder)
    for name in ("risk-1", "risk-2"):
        assert office.approve(by=name).code == 0
    write(
        "policies/promotion.yaml", {**POLICY, "spec": {**POLICY["spec"], "environments": ["staging", "prod"]}}
    )
    write("lockgate.yaml", {**CONFIG, "environments": ENVIRONMENTS[1:]})
    Path("deploy/dev/fraud.yaml").unlink()
    place_model("staging", "7")
    place_model("prod", "6")
    commit()
    return office.folder / "trail"


def place_model(environment: str, version: str, namespace: str = "ml") -> None:
    made = service(f"{STORED}/{version}")
    made["metadata"]["namespace"] = namespace
    write(f"deploy/{environment}/fraud.yaml", made)


def test_what_a_trail_has_promoted_lacks_nothing(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place_model("prod", "7")
    assert missing(check(capsys)[1]) == ALL
    code, made, err = check(capsys, "--promotions", str(trail))
    assert (code, missing(made), err) == (0, [], "")
    # For another namespace it was not.
    place_model("prod", "7", "other")
    assert missing(check(capsys, "--promotions", str(trail))[1]) == ALL


def test_a_change_does_not_bring_its_trail(
    trail: Path, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place_model("prod", "7")
    trail.rename(tree / "trail")
    code, made, err = check(capsys, "--promotions", "trail")
    assert (code, made) == (2, {})
    assert "lies in the repository" in err


def test_where_a_version_comes_from_is_told_by_files_that_are_not_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("deploy/prod/fraud.yaml", service(V2))
    write("deploy/dev/fraud.yaml", service("hf://ml/fraud:v3"))
    assert told(check(capsys, "deploy/prod/fraud.yaml")[1]) == [PROMOTED]
    assert told(check(capsys, "deploy/staging")[1]) == []
    Path("deploy/prod/fraud.yaml").unlink()
    write("deploy/prod/other.yaml", deployment(f"{IMAGE}:v1"))
    assert "removal" in [one[0] for one in told(check(capsys, "deploy/prod")[1])]


FACTS = ("--model-facts", "facts", "--facts-trust", "facts-trust.toml")
STORED = "s3://models/fraud"


def facts_about(place: Path, *evidence: Json, tier: str = "safe") -> None:
    """Signed facts of what lies in s3, where no reference says which bytes it is, and the base's trust in them."""
    office = Office(place)
    office.make_key("ci")
    office.write("facts-trust.toml", FACTS_TRUST)
    office.write_facts(*evidence, tier=tier, reference=f"{STORED}/8")
    for environment, version in (("dev", 8), ("staging", 8), ("prod", 7)):
        write(f"deploy/{environment}/fraud.yaml", service(f"{STORED}/{version}"))
    commit()
    write("deploy/prod/fraud.yaml", service(f"{STORED}/8"))


def test_signed_facts_are_of_the_bytes_behind_a_reference(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts_about(tree)
    code, made, _ = check(capsys)
    assert missing(made) == ALL
    code, made, _ = check(capsys, *FACTS)
    assert (code, missing(made)) == (1, ["approvals/leads", "requester"])
    (one,) = made["moved"]
    assert (one["key"], one["digest"]) == ("s3:models/fraud/8", BYTES)


def test_facts_of_a_model_that_is_not_safe(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts_about(tree, tier="unsafe")
    assert missing(check(capsys, *FACTS)[1]) == ALL


def test_whose_facts_count_the_base_says(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts_about(tree)
    office = Office(tree)
    # The change signs facts by a key of its own, and trusts it.
    office.make_key("ci")
    office.write_facts(reference=f"{STORED}/8")
    code, made, err = check(capsys, *FACTS)
    assert (code, missing(made)) == (1, ALL)
    assert (
        "signed facts of s3:models/fraud/8 do not count in prod: facts/fraud.facts.dsse.json: no producer"
        in err
    )


def test_evidence_that_cannot_be_read_does_not_count(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts_about(tree, {**EVALUATION, "at": "yesterday"})
    code, made, err = check(capsys, *FACTS)
    assert (code, missing(made)) == (1, ALL)
    assert "is no time with its zone" in err


def test_rules_on_models_go_by_facts_and_the_bases_trust(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With paths that count from where the command runs, and keys that the base's trust file names."""
    constraint: Json = {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "LockgateScannedModels",
        "metadata": {"name": "scanned"},
        "spec": {"parameters": {"tiers": ["safe"]}},
    }
    write("policies/scanned.yaml", constraint)
    facts_about(tree)
    code, made, err = check(capsys, *FACTS, "deploy/prod")
    assert not err
    found = [one for one in made["violations"] if one["policy"] == "LockgateScannedModels"]
    assert (code, found) == (1, [])


def test_evidence_that_no_log_recorded_is_not_new(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked: Json = {**STEP, "evidence": [{"kind": "drift", "maxAge": "30d"}, {"kind": "evaluation"}]}
    write("policies/promotion.yaml", {**POLICY, "spec": {**POLICY["spec"], "steps": [asked]}})
    drift: Json = {"kind": "drift", "at": "2026-11-27T10:00:00Z", "share": 0.1, "producer": "monitor"}
    facts_about(tree, EVALUATION, drift)
    code, made, _ = check(capsys, *FACTS)
    assert (code, missing(made)) == (1, ["approvals/leads", "evidence/drift", "requester"])


def test_the_bytes_are_known_to_who_reads_objects() -> None:
    """As at admission: of a reference that may bring other bytes one day."""
    cache = open_cache(True, os.environ)
    names = ModelNames(open_library(SHIPPED, cache, "named_models"))
    named = names.of([f"{STORED}/8", "${MODEL}"])
    assert named == {f"{STORED}/8": ("s3:models/fraud/8", "")}
    reader = HolderReader(open_library(SHIPPED, cache, "subjects"), {named[f"{STORED}/8"]: BYTES})
    (model,) = reader.ask(service(f"{STORED}/8")).subjects
    assert model.digest == BYTES
    (other,) = reader.ask(service(f"{STORED}/9")).subjects
    assert other.digest == ""
