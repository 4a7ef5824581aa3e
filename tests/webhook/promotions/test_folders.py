"""Which environment a file of the repository is of, by `lockgate.yaml`."""

import json

import jsonschema
import pytest
import yaml
from lockgate.webhook.config import EnvironmentSettings
from lockgate.webhook.config_reader import parse_config
from lockgate.webhook.promotions.folders import EnvironmentFolders, is_place

from tests.shared_folder import ROOT

TEXT = """\
environments:
- name: dev
  paths: [deploy/, "apps/*/dev"]
- name: staging
  overlays: ["**/overlays/staging"]
  clusters: [staging-eu]
- name: prod
  paths: [deploy/prod, "deploy/*/prod-*.yaml", "apps/**/live"]
  overlays: ["**/overlays/prod"]
  clusters: [prod-eu, "https://prod.example.com:*"]
  namespaces: [ml-prod, "prod-*"]
folders:
- path: deploy/dev/prod-like
  environment: staging
"""


def test_it_is_read() -> None:
    config = parse_config(TEXT.encode(), "lockgate.yaml", "/repo")
    assert [one.name for one in config.environments] == ["dev", "staging", "prod"]
    assert config.environments[2] == EnvironmentSettings(
        "prod",
        ("deploy/prod", "deploy/*/prod-*.yaml", "apps/**/live"),
        ("**/overlays/prod",),
        ("prod-eu", "https://prod.example.com:*"),
        ("ml-prod", "prod-*"),
    )
    schema = json.loads((ROOT / "webhook" / "schemas" / "lockgate.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(TEXT))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/repo/deploy/a.yaml", "dev"),
        ("/repo/deploy/deeper/a.yaml", "dev"),
        ("/repo/deploy/prod/a.yaml", "prod"),
        ("/repo/deploy/prod/deeper/a.yaml", "prod"),
        ("/repo/deploy/production/a.yaml", "dev"),
        ("/repo/deploy/eu/prod-1.yaml", "prod"),
        ("/repo/deploy/dev/prod-like/a.yaml", "staging"),
        ("/repo/apps/fraud/dev/a.yaml", "dev"),
        ("/repo/apps/fraud/deep/dev/a.yaml", ""),
        ("/repo/apps/live/a.yaml", "prod"),
        ("/repo/apps/a/b/live/a.yaml", "prod"),
        ("/repo/apps/fraud/overlays/prod/kustomization.yaml", "prod"),
        ("/repo/overlays/staging/a.yaml", "staging"),
        ("/repo/a.yaml", ""),
        ("/elsewhere/deploy/a.yaml", ""),
        ("/repository/deploy/a.yaml", ""),
    ],
)
def test_the_deepest_wins(path: str, expected: str) -> None:
    config = parse_config(TEXT.encode(), "lockgate.yaml", "/repo")
    assert EnvironmentFolders(config).find(path) == expected
    # A trail's entries have the same.
    assert config.environment(path) == (expected or None)


def test_of_two_as_deep_the_higher_one() -> None:
    text = "environments:\n- {name: dev, paths: [a]}\n- {name: prod, paths: ['*']}\n"
    config = parse_config(text.encode(), "lockgate.yaml", "/repo")
    assert EnvironmentFolders(config).find("/repo/a/x.yaml") == "prod"


def test_the_root() -> None:
    text = "environments:\n- {name: dev, paths: [.]}\n- {name: prod, paths: [prod]}\n"
    folders = EnvironmentFolders(parse_config(text.encode(), "lockgate.yaml", "/repo"))
    assert [folders.find(path) for path in ("/repo/x.yaml", "/repo/a/x.yaml", "/repo/prod/x.yaml")] == [
        "dev",
        "dev",
        "prod",
    ]


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("**", "a/b", True),
        ("**/a", "a", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/y", False),
        ("*", "a/b", False),
        ("**/a/**/a/**/a/**/a/**/a/b", "/".join(["a"] * 40), False),
    ],
)
def test_patterns(pattern: str, path: str, expected: bool) -> None:
    assert is_place(pattern.split("/"), path.split("/")) is expected
