"""`lockgate.yaml`: what it may say, and how it is told what is wrong."""

import json
import os
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest
import yaml
from lockgate.engine.errors import UsageError
from lockgate.webhook.config import Config, ConfigPlace, find_config
from lockgate.webhook.config_reader import MAX_CONFIG_BYTES, parse_config, read_config

from tests.shared_folder import ROOT

SCHEMA = json.loads((ROOT / "webhook" / "schemas" / "lockgate.schema.json").read_text())

FULL = """\
policies: [policies, more/x.yaml]
paths: [deploy/]
excludes: ["**/testdata/", gen.yaml]
folders:
- path: .
  namespace: base
- path: envs/prod
  namespace: ml-prod
  environment: production
- path: envs/prod/team
  environment: production-team
namespaces:
- name: ml-prod
  labels: {tier: gold, team: "7"}
- name: bare
clusterVersion: 1.30
failOn: [warn, not-evaluated]
"""


def parse(text: str, root: str = "/repo") -> Config:
    return parse_config(text.encode(), "lockgate.yaml", root)


def test_all_of_it() -> None:
    config = parse(FULL)
    assert config.policies == ("policies", "more/x.yaml")
    assert config.paths == ("deploy",)
    assert config.excludes == ("**/testdata/", "gen.yaml")
    assert config.namespaces == (("ml-prod", (("team", "7"), ("tier", "gold"))), ("bare", ()))
    assert config.cluster_version == "1.30"
    assert config.fail_on == {"deny", "warn", "not-evaluated"}
    jsonschema.Draft202012Validator(SCHEMA).validate(yaml.safe_load(FULL))


@pytest.mark.parametrize(
    ("path", "namespace", "environment"),
    [
        ("/repo/a.yaml", "base", None),
        ("/repo/envs/prod/a.yaml", "ml-prod", "production"),
        ("/repo/envs/prod/team/a.yaml", "ml-prod", "production-team"),
        ("/repo/envs/production/a.yaml", "base", None),
        ("/elsewhere/a.yaml", None, None),
    ],
)
def test_the_deepest_folder_wins(path: str, namespace: str | None, environment: str | None) -> None:
    config = parse(FULL)
    assert config.namespace(path) == namespace
    assert config.environment(path) == environment


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_file_says_nothing(text: str) -> None:
    digest = sha256(text.encode()).hexdigest()
    assert parse(text) == Config("/repo", "lockgate.yaml", digest=digest)


# The text, the place, a part of the message, a part of the hint.
WRONG: list[tuple[str, str, str, str]] = [
    ("policy: [a]", "1:1", "unknown key policy", "did you mean policies?"),
    ("cacheFolder: /elsewhere", "1:1", "unknown key cacheFolder", "known are"),
    ("paths: [a]\npaths: [b]", "2:1", "given twice", ""),
    ("paths: a", "1:8", "must be a list", ""),
    ("[a]", "1:1", "must be a mapping", ""),
    ("paths: [1]", "1:9", "must be a string", "quote it"),
    ("paths: [~]", "1:9", "must be a string", ""),
    ("paths: [{a: b}]", "1:9", "must be a string", ""),
    ("policies: [../x]", "1:12", "outside of the repository", "command line"),
    ("policies: [/etc/x]", "1:12", "outside of the repository", ""),
    ("paths:\n- a/../../b", "2:3", "outside of the repository", ""),
    ("folders:\n- namespace: a", "2:3", "has no path", ""),
    ("folders:\n- path: a\n  name: b", "3:3", "unknown key name", "did you mean namespace?"),
    ("folders:\n- path: a\n  namespace: A_b", "3:14", "no name of a namespace", "lower-case"),
    ("namespaces:\n- labels: {a: b}", "2:3", "has no name", ""),
    ("namespaces:\n- name: a\n  labels: {a: 1}", "3:15", "must be a string", ""),
    ("failOn: [never]", "1:10", "failOn does not know never", "deny, warn, not-evaluated"),
    ("clusterVersion: newest", "1:17", "version of Kubernetes", "1.34"),
    ("environments: [{name: a}]", "1:15", "has 1 entries", "the lowest first"),
    ("environments: [{name: a}, {name: a}]", "1:27", "has a twice", ""),
    ("environments: [{name: a}, {paths: [b]}]", "1:27", "has no name", ""),
    ("environments: [{name: A}]", "1:23", "no name of an environment", "lower-case"),
    ("environments: [{name: a, paths: [../b]}]", "1:34", "outside of the repository", ""),
    ("environments: [{name: a, overlays: [/b]}]", "1:37", "outside of the repository", ""),
    ("environments: [{name: a, paths: [b**]}, {name: b}]", "1:34", "** in a name (outside the schema)", ""),
    ("environments: [{name: a, cluster: [b]}]", "1:26", "unknown key cluster", "clusters"),
    (
        "environments: [{name: a, namespaces: ['*']}, {name: b}]",
        "1:39",
        "no name of a namespace (outside the schema)",
        "",
    ),
    (
        "environments: [{name: a}, {name: b}]\nfolders: [{path: c, environment: d}]",
        "1:1",
        "which environments does not list (outside the schema)",
        "one of a, b",
    ),
    ("a: [", "2:1", "invalid YAML", ""),
    ("a: b\n---\nc: d", "2:1", "invalid YAML", ""),
]


@pytest.mark.parametrize(("text", "place", "message", "hint"), WRONG)
def test_mistakes_are_told_with_their_place(text: str, place: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text + "\n")
    assert str(caught.value.location) == f"lockgate.yaml:{place}"
    assert message.replace(" (outside the schema)", "") in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"#" * (MAX_CONFIG_BYTES + 1), b"a: " + b"[" * 5000])
def test_what_is_no_configuration_at_all(data: bytes) -> None:
    with pytest.raises(UsageError):
        parse_config(data, "lockgate.yaml", "/repo")


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / "policies").symlink_to(tmp_path / "outside")
    (root / "lockgate.yaml").write_text("policies: [policies]\n")
    with pytest.raises(UsageError, match="outside of the repository"):
        read_config(str(root / "lockgate.yaml"), "lockgate.yaml")


def test_it_is_found_upwards_to_the_root_of_the_repository(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    root, real = os.path.realpath(tmp_path), os.path.realpath(deep)
    (tmp_path / "lockgate.yaml").write_text("paths: [a]\n")
    assert find_config(str(deep)) == ConfigPlace(real, None, "")
    (tmp_path / ".git").mkdir()
    assert find_config(str(deep)) == ConfigPlace(root, f"{root}/lockgate.yaml", "../../lockgate.yaml")
    (deep / "lockgate.yaml").write_text("paths: [x]\n")
    assert find_config(str(deep)) == ConfigPlace(root, f"{real}/lockgate.yaml", "lockgate.yaml")
    (tmp_path / "a" / ".git").mkdir()
    (deep / "lockgate.yaml").unlink()
    assert find_config(str(deep)) == ConfigPlace(os.path.realpath(tmp_path / "a"), None, "")


def test_a_configuration_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "other.yaml").write_text("{}\n")
    (root / "lockgate.yaml").symlink_to(tmp_path / "other.yaml")
    with pytest.raises(UsageError, match="link out of the repository"):
        find_config(str(root))


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    refused = [text for text, *_ in WRONG if "outside" not in str(_) and "twice" not in str(_)]
    for text in refused:
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            continue
        assert not validator.is_valid(value), text
