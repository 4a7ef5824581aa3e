"""`lockgate policy new, docs, sync`: what they write, what they find, and what they refuse."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from lockgate.engine.errors import LockgateError, PolicyError, UsageError
from lockgate.webhook.policy_commands import policy
from lockgate.webhook.policy_folder import PolicyFolder, read_metadata
from lockgate.webhook.policy_sync import synced_template

from tests.e2e.programs import run_program
from tests.shared_folder import ROOT

SHIPPED = ROOT / "policies"


def run(*arguments: str | Path) -> Result:
    """Run a subcommand; errors of ours are left in `exception`."""
    return CliRunner().invoke(policy, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one new rule."""
    place = tmp_path / "policies"
    assert run("new", "team/owned_things", "--folder", place).exit_code == 0
    return place


def test_a_new_rule_is_complete_and_current(folder: Path) -> None:
    assert list(PolicyFolder(folder).problems()) == []
    assert run("sync", "--check", "--folder", folder).output == ""
    assert run("docs", "--check", "--folder", folder).output == ""
    assert "team/owned_things" in (folder / "README.md").read_text("utf-8")
    assert "data.lockgate.team.owned_things" in (folder / "lib" / "conftest.rego").read_text("utf-8")


def test_a_new_rule_brings_only_the_helpers_that_it_uses(folder: Path) -> None:
    assert {path.name for path in (folder / "lib").iterdir()} == {
        "conftest.rego",
        "paths.rego",
        "report.rego",
        "review.rego",
    }


def test_a_second_rule_leaves_changed_helpers_alone(folder: Path) -> None:
    helper = folder / "lib" / "report.rego"
    changed = helper.read_text("utf-8") + "\nmine := 1\n"
    helper.write_text(changed, "utf-8")
    assert run("new", "team/second", "--folder", folder).exit_code == 0
    assert helper.read_text("utf-8") == changed
    assert {rule.key for rule in PolicyFolder(folder).rules()} == {"team/owned_things", "team/second"}
    assert run("sync", "--check", "--folder", folder).exit_code == 0


@pytest.mark.e2e
def test_a_new_rule_passes_in_the_real_programs(folder: Path) -> None:
    for name, *arguments in (
        ("opa", "test", "-b", "policies"),
        ("opa", "check", "-b", "--strict", "policies"),
        ("opa", "fmt", "--list", "--fail", "policies"),
        ("gator", "verify", "./policies/..."),
        ("conftest", "verify", "-p", "policies"),
    ):
        done = run_program(name, *arguments, cwd=folder.parent)
        assert done.returncode == 0, (name, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "team",
        "team/",
        "/rule",
        "Team/rule",
        "team/Rule",
        "a/b/c",
        "../x/y",
        "team/a-b",
        "lib/x",
        "profiles/x",
        "1/x",
    ],
)
def test_wrong_names_are_refused(tmp_path: Path, name: str) -> None:
    result = run("new", name, "--folder", tmp_path)
    assert isinstance(result.exception, UsageError)
    assert "is no name for a rule" in result.exception.message
    assert list(tmp_path.iterdir()) == []


def test_an_existing_rule_is_not_written_over(folder: Path) -> None:
    before = (folder / "team" / "owned_things" / "src.rego").read_bytes()
    result = run("new", "team/owned_things", "--folder", folder)
    assert isinstance(result.exception, UsageError)
    assert "exists already" in result.exception.message
    assert (folder / "team" / "owned_things" / "src.rego").read_bytes() == before


def test_an_absent_folder_is_refused(tmp_path: Path) -> None:
    for command in ("sync", "docs"):
        assert isinstance(run(command, "--folder", tmp_path / "absent").exception, UsageError)


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


Change = Callable[[Path], object]
DRIFTS: dict[str, tuple[Change, str, str]] = {
    "rule changed": (lambda rule: _append(rule / "src.rego", "\nmore := 1\n"), "sync", "template.yaml"),
    "helper changed": (lambda rule: _append(rule.parents[1] / "lib" / "paths.rego", "\nmore := 1\n"), "sync", "template.yaml"),
    "copy changed": (
        lambda rule: (rule / "template.yaml").write_text(
            (rule / "template.yaml").read_text("utf-8").replace("label is missing", "nothing is missing"), "utf-8"
        ),
        "sync",
        "template.yaml",
    ),
    "entry changed": (lambda rule: _append(rule.parents[1] / "lib" / "conftest.rego", "\n"), "sync", "conftest.rego"),
    "page changed": (lambda rule: _append(rule / "README.md", "more\n"), "docs", "owned_things/README.md"),
    "sample changed": (lambda rule: _append(rule / "samples/owner/allowed.yaml", "# more\n"), "docs", "owned_things/README.md"),
    "rule removed": (lambda rule: shutil.rmtree(rule), "docs", "policies/README.md"),
}  # fmt: skip


@pytest.mark.parametrize("name", DRIFTS)
def test_drift_is_found_and_mended(folder: Path, name: str) -> None:
    change, command, file = DRIFTS[name]
    change(folder / "team" / "owned_things")
    result = run(command, "--check", "--folder", folder)
    assert result.exit_code == 1
    assert f"{file}\n" in result.output and "not current" in result.output
    assert run(command, "--folder", folder).exit_code == 0
    assert run(command, "--check", "--folder", folder).output == ""


INCOMPLETE: dict[str, tuple[Change, str]] = {
    "no tests": (lambda rule: (rule / "src_test.rego").unlink(), "src_test.rego is missing"),
    "no suite": (lambda rule: (rule / "suite.yaml").unlink(), "suite.yaml is missing"),
    "none allowed": (lambda rule: (rule / "samples/owner/allowed.yaml").unlink(), "no sample is allowed"),
    "none denied": (lambda rule: (rule / "samples/owner/denied.yaml").unlink(), "no sample is denied"),
    "id taken": (
        lambda rule: shutil.copytree(rule, rule.with_name("copy")),
        "its id TEAM-OWNED-THINGS is that of team/copy",
    ),
}


@pytest.mark.parametrize("name", INCOMPLETE)
def test_incomplete_rules_are_named(folder: Path, name: str) -> None:
    change, problem = INCOMPLETE[name]
    change(folder / "team" / "owned_things")
    result = run("sync", "--check", "--folder", folder)
    assert result.exit_code == 1
    assert problem in result.output


WRONG_SOURCES = {
    "no METADATA": ("package lockgate.team.owned_things\n", "does not begin with `# METADATA`"),
    "no custom": ("# METADATA\n# title: x\n# description: y\npackage a\n", "no `custom` block"),
    "no id": (
        "# METADATA\n# title: x\n# description: y\n# custom: {severity: low, external: false, controls: []}\npackage a\n",
        "METADATA lacks custom.id",
    ),
    "severity": (
        "# METADATA\n# title: x\n# description: y\n# custom: {id: a, severity: big, external: false, controls: []}\npackage a\n",
        "severity is none of",
    ),
    "system": (
        "# METADATA\n# title: x\n# description: y\n# custom: {id: a, severity: low, external: false, controls: [], systems: [kserv]}\npackage a\n",
        "names what is no system: kserv",
    ),
    "no YAML": ("# METADATA\n# title: [\npackage a\n", "not valid YAML"),
}


@pytest.mark.parametrize("name", WRONG_SOURCES)
def test_wrong_metadata_is_told_with_its_place(folder: Path, name: str) -> None:
    source, message = WRONG_SOURCES[name]
    path = folder / "team" / "owned_things" / "src.rego"
    path.write_text(source, "utf-8")
    with pytest.raises(PolicyError) as raised:
        read_metadata(path)
    assert message in raised.value.message
    assert raised.value.location is not None and raised.value.location.file == str(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("import data.lib.lockgate.report", "import data.lib.lockgate.absent", "is in no file of lib/"),
        ("[label])\n}\n", "[label])\n}", "cannot be kept in YAML byte for byte"),
        ("\n", "\r\n", "cannot be kept in YAML byte for byte"),
    ],
)
def test_sources_that_cannot_be_copied(folder: Path, old: str, new: str, message: str) -> None:
    path = folder / "team" / "owned_things" / "src.rego"
    path.write_bytes(path.read_text("utf-8").replace(old, new, 1).encode("utf-8"))
    error = run("sync", "--folder", folder).exception
    assert isinstance(error, LockgateError)
    assert message in error.message


def test_everything_but_the_copies_stays_as_it_is_written(folder: Path) -> None:
    place = PolicyFolder(folder)
    [rule] = place.rules()
    text = rule.template.read_text("utf-8")
    before, _, after = text.partition("        rego: |")
    strange = before.replace("spec:\n", "# a remark\nspec:   # another\n", 1)
    rule.template.write_text(f"{strange}        rego: |{after}      # the end\n", "utf-8")
    made = synced_template(rule, place.libraries())
    assert made.startswith(strange)
    assert made.endswith("      # the end\n")
    assert yaml.safe_load(made) == yaml.safe_load(text)


def test_the_first_copy_goes_into_an_empty_block(folder: Path) -> None:
    place = PolicyFolder(folder)
    [rule] = place.rules()
    whole = rule.template.read_text("utf-8")
    head, _, _ = whole.partition("        rego: |")
    rule.template.write_text(f'{head}        rego: ""\n', "utf-8")
    assert synced_template(rule, place.libraries()) == whole


def test_a_rule_that_asks_external_data_is_named_by_conftest_and_asks_in_its_template(folder: Path) -> None:
    [rule] = PolicyFolder(folder).rules()
    source = rule.source.read_text("utf-8").replace("external: false", "external: true")
    head, _, tail = source.partition("\nimport data.lib.lockgate.report")
    asks = "\nimport data.lib.lockgate.external\nimport data.lib.lockgate.report"
    rule.source.write_text(f"{head}{asks}{tail}", "utf-8")
    for name in ("external.rego", "external.rego.gatekeeper"):
        (folder / "lib" / name).write_text((SHIPPED / "lib" / name).read_text("utf-8"), "utf-8")
    assert run("sync", "--folder", folder).exit_code == 0
    template = rule.template.read_text("utf-8")
    assert template.count("external_data({") == 1
    assert "there is no external data here" not in template
    entry = (folder / "lib" / "conftest.rego").read_text("utf-8")
    assert f'warn contains unevaluated("{rule.key}", found) if' in entry
    assert "deny contains" not in entry


def test_shipped_folder_is_current() -> None:
    assert run("sync", "--check", "--folder", SHIPPED).output == ""
    assert run("docs", "--check", "--folder", SHIPPED).output == ""
