"""`check --base` with PolicyBundles: a change that brings a bundle, a signature or a key of its own decides nothing."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from lockgate.webhook.cli import run

from tests.webhook.policy_bundle.keys import make_p256, write_pair
from tests.webhook.test_check import BAD, GOOD, TEMPLATE, constraint
from tests.webhook.test_check_base import check, commit, git

FORMS = ("policy.tar.gz", "layout")


def make(output: str, *more: str, loose: bool = False) -> str:
    """Makes a bundle of a strict or a loose policy, away from the repository; returns its digest."""
    folder = Path("..") / ("loose" if loose else "strict")
    folder.mkdir(exist_ok=True)
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "constraint.yaml").write_text(constraint(action="dryrun" if loose else "deny"))
    shutil.rmtree(output, ignore_errors=True)
    form = () if output.endswith(".tar.gz") else ("--format", "oci")
    assert run(["policy", "bundle", str(folder), "-o", output, *form, *more]) == 0
    name = "index.json" if form else ""
    if name:
        return str(json.loads((Path(output) / name).read_text())["manifests"][0]["digest"])
    from hashlib import sha256

    return f"sha256:{sha256(Path(output).read_bytes()).hexdigest()}"


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: str) -> Path:
    """A repository without policies, and a change that is bad."""
    place = tmp_path / "repository"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    monkeypatch.delenv("LOCKGATE_POLICY_KEY", raising=False)
    git("init", "-q", "-b", "main")
    Path("deploy").mkdir()
    Path("deploy/good.yaml").write_text(GOOD)
    Path("lockgate.yaml").write_text("paths: [deploy]\n")
    commit()
    git("checkout", "-qb", "change")
    Path("deploy/bad.yaml").write_text(BAD)
    return place


@pytest.fixture
def keys(tree: Path) -> Any:
    """Ours and theirs: the files of the private and public keys, outside of the repository."""
    return {name: write_pair(tree.parent / "keys", name, make_p256()) for name in ("ours", "theirs")}


def in_base(*files: str) -> None:
    """Puts the files of the work tree into the base."""
    git("checkout", "-q", "main")
    git("add", *files)
    git("commit", "-qm", "policies")
    git("checkout", "-q", "-B", "change")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_pinned_bundle_of_the_work_tree_decides(
    form: str, is_committed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = make(form)
    if is_committed:
        commit()
    capsys.readouterr()
    code, made, _ = check(capsys, "-p", f"{form}@{digest}")
    assert code == 1 and made["summary"]["denied"] == 1


@pytest.mark.parametrize("form", FORMS)
def test_an_edited_bundle_is_not_the_pinned_one(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    digest = make(form)
    loose = make(form, loose=True)
    assert loose != digest
    commit()
    capsys.readouterr()
    code, _, err = check(capsys, "-p", f"{form}@{digest}")
    assert code == 2 and "Traceback" not in err


@pytest.mark.parametrize("form", FORMS)
def test_an_edited_bundle_does_not_hide_the_bases_that_is_pinned(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = make(form)
    in_base(form)
    make(form, loose=True)
    commit()
    capsys.readouterr()
    code, made, _ = check(capsys, "-p", f"{form}@{digest}")
    assert code == 1 and made["summary"]["denied"] == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_bundle_that_nothing_vouches_for_is_refused(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    make(form, loose=True)
    capsys.readouterr()
    code, _, err = check(capsys, "-p", form)
    assert code == 2
    assert f"{form} is a PolicyBundle that the change under judgement may have made" in err
    assert "hint: pin it (-p PATH@sha256:" in err


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_committed", [True, False])
def test_the_bases_bundle_decides_where_the_change_edits_it(
    form: str, is_committed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    make(form)
    Path("lockgate.yaml").write_text(f"policies: [{form}]\npaths: [deploy]\n")
    in_base(form, "lockgate.yaml")
    make(form, loose=True)
    if is_committed:
        commit()
    capsys.readouterr()
    code, made, _ = check(capsys)
    assert code == 1 and made["summary"]["denied"] == 1
    assert made["base"]["proposed"]["denied"] == 0


def test_a_pin_in_the_bases_configuration_decides(capsys: pytest.CaptureFixture[str]) -> None:
    digest = make("policy.tar.gz")
    Path("lockgate.yaml").write_text(f"policies: ['policy.tar.gz@{digest}']\npaths: [deploy]\n")
    in_base("lockgate.yaml")
    loose = make("other.tar.gz", loose=True)
    Path("lockgate.yaml").write_text(f"policies: ['other.tar.gz@{loose}']\npaths: [deploy]\n")
    commit()
    capsys.readouterr()
    assert check(capsys)[0] == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_signed_bundle_decides(form: str, keys: Any, capsys: pytest.CaptureFixture[str]) -> None:
    make(form, "--key", keys["ours"][0])
    capsys.readouterr()
    code, made, _ = check(capsys, "-p", form, "--policy-key", keys["ours"][1])
    assert code == 1 and made["summary"]["denied"] == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_bundle_with_another_signature_or_none(
    form: str, keys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in (("--key", keys["theirs"][0]), ()):
        make(form, *more, loose=True)
        capsys.readouterr()
        code, _, err = check(capsys, "-p", form, "--policy-key", keys["ours"][1])
        assert code == 2 and "signed" in err


@pytest.mark.parametrize("form", FORMS)
def test_a_key_of_the_repository_is_the_bases(
    form: str, keys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The change swaps the key, and signs its own bundle with its own."""
    shutil.copy(keys["ours"][1], "trusted.pub")
    in_base("trusted.pub")
    arguments = ("-p", form, "--policy-key", "trusted.pub")
    make(form, "--key", keys["ours"][0])
    capsys.readouterr()
    assert check(capsys, *arguments)[0] == 1
    shutil.copy(keys["theirs"][1], "trusted.pub")
    make(form, "--key", keys["theirs"][0], loose=True)
    commit()
    capsys.readouterr()
    code, _, err = check(capsys, *arguments)
    assert code == 2 and "none of the trusted keys signed it" in err


def test_a_key_that_only_the_change_has(keys: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(keys["theirs"][1], "trusted.pub")
    make("policy.tar.gz", "--key", keys["theirs"][0], loose=True)
    commit()
    capsys.readouterr()
    code, _, err = check(capsys, "-p", "policy.tar.gz", "--policy-key", "trusted.pub")
    assert code == 2 and "main has no trusted.pub, which the check takes trusted keys from" in err


def test_a_key_in_the_repository_without_a_base_is_refused(
    keys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(keys["ours"][1], "trusted.pub")
    make("policy.tar.gz", "--key", keys["ours"][0])
    capsys.readouterr()
    assert run(["check", "-p", "policy.tar.gz", "--policy-key", "trusted.pub", "deploy"]) == 2
    assert "the key trusted.pub lies in what is judged" in capsys.readouterr().err
    Path("../link.pub").symlink_to("repository/trusted.pub")
    assert run(["check", "-p", "policy.tar.gz", "--policy-key", "../link.pub", "deploy"]) == 2


def test_a_link_to_a_key_that_the_base_has_is_refused(keys: Any, capsys: pytest.CaptureFixture[str]) -> None:
    Path("trusted.pub").symlink_to("../keys/ours.pub")
    in_base("trusted.pub")
    make("policy.tar.gz", "--key", keys["ours"][0])
    capsys.readouterr()
    assert check(capsys, "-p", "policy.tar.gz", "--policy-key", "trusted.pub")[0] == 2


@pytest.mark.parametrize("form", FORMS)
def test_an_older_signed_bundle_does_not_replace_the_bases(
    form: str, keys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the key signed once, the base's version decides."""
    make(form, "--key", keys["ours"][0])
    in_base(form)
    make(form, "--key", keys["ours"][0], loose=True)
    commit()
    capsys.readouterr()
    assert check(capsys, "-p", form, "--policy-key", keys["ours"][1])[0] == 1


def test_a_folder_of_the_base_does_not_become_a_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies").mkdir()
    Path("policies/template.yaml").write_text(TEMPLATE)
    Path("policies/constraint.yaml").write_text(constraint())
    in_base("policies")
    make("layout", loose=True)
    shutil.copytree("layout", "policies", dirs_exist_ok=True)
    commit()
    capsys.readouterr()
    code, made, _ = check(capsys, "-p", "policies")
    assert code == 1 and made["summary"]["denied"] == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_link_of_the_base_is_refused(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    make(f"../{form}")
    Path(form).symlink_to(f"../{form}")
    in_base(form)
    capsys.readouterr()
    code, _, err = check(capsys, "-p", form)
    assert code == 2 and "is a link as of main" in err


@pytest.mark.parametrize("form", FORMS)
def test_a_bundle_outside_of_the_repository_is_taken_as_it_is(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make(f"../{form}")
    capsys.readouterr()
    assert check(capsys, "-p", f"../{form}")[0] == 1


def test_an_exemption_of_the_change_does_not_count_beside_a_bundle(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from tests.webhook.test_check_exemptions import exemption

    digest = make("policy.tar.gz")
    Path("exemptions").mkdir()
    Path("exemptions/new.json").write_text(exemption("new"))
    Path("lockgate.yaml").write_text("paths: [deploy]\nexemptions: [exemptions]\n")
    commit()
    capsys.readouterr()
    assert check(capsys, "-p", f"policy.tar.gz@{digest}")[0] == 1


def test_an_index_that_names_another_manifest(keys: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The change leaves the signed one where it is, and points to its own."""
    make("layout", "--key", keys["ours"][0])
    make("../loose-layout", loose=True)
    shutil.copytree("../loose-layout/blobs", "layout/blobs", dirs_exist_ok=True)
    shutil.copy("../loose-layout/index.json", "layout/index.json")
    commit()
    capsys.readouterr()
    code, _, err = check(capsys, "-p", "layout", "--policy-key", keys["ours"][1])
    assert code == 2 and "it is not signed, and it has to be" in err
