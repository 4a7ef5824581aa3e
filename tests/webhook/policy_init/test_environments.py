"""Which folders are environments: by their names, in the usual layouts, and never by what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.config_reader import MAX_ENVIRONMENTS, parse_config
from lockgate.webhook.policy_init.environments import environment_of, find_environments

LAYOUTS: dict[str, tuple[list[str], list[tuple[str, tuple[str, ...], tuple[str, ...]]]]] = {
    "envs": (
        ["envs/prod", "envs/dev/app", "envs/staging", "base"],
        [("dev", ("envs/dev",), ()), ("staging", ("envs/staging",), ()), ("prod", ("envs/prod",), ())],
    ),
    "overlays of several applications": (
        ["a/overlays/prod", "b/overlays/prod", "a/overlays/dev", "a/base", "a/overlays/with-gpu"],
        [("dev", (), ("a/overlays/dev",)), ("prod", (), ("**/overlays/prod",))],
    ),
    "clusters": (
        ["clusters/prod-eu/apps", "clusters/prod-us/apps", "clusters/staging", "clusters/hub"],
        [("staging", ("clusters/staging",), ()), ("prod", ("clusters/prod-eu", "clusters/prod-us"), ())],
    ),
    "folders alone": (
        ["deploy/production", "deploy/development", "x/production"],
        [("development", ("deploy/development",), ()), ("production", ("**/production",), ())],
    ),
    "the highest in the tree counts": (
        ["clusters/prod/staging-tools/dev", "clusters/dev"],
        [("dev", ("clusters/dev",), ()), ("prod", ("clusters/prod",), ())],
    ),
    "names of one's own": (
        ["environments/emea", "environments/prod"],
        [("emea", ("environments/emea",), ()), ("prod", ("environments/prod",), ())],
    ),
    "before production": (
        ["envs/pre-prod", "envs/prod"],
        [("preprod", ("envs/pre-prod",), ()), ("prod", ("envs/prod",), ())],
    ),
    "a folder of parts": (
        ["kustomize/env/cert-manager", "kustomize/env/prod"],
        [("prod", ("kustomize/env/prod",), ())],
    ),
    "not production": (["clusters/non-prod", "clusters/hub"], []),
    "tests are no environment": (["test/e2e", "tests", "config/default", ""], []),
    "capital letters": (["Envs/PROD"], [("prod", ("Envs/PROD",), ())]),
    "no name of an environment": (["envs/<name>", "envs/a b"], []),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str) -> None:
    folders, expected = LAYOUTS[name]
    assert [(one.name, one.paths, one.overlays) for one in find_environments(folders)] == expected


def test_folders_below_are_of_the_environment() -> None:
    found = find_environments(["envs/prod/a/b", "envs/dev"])
    inside = environment_of("envs/prod/a/b/c", found)
    assert inside is not None and (inside.name, inside.is_production) == ("prod", True)
    assert environment_of("base", found) is None


def test_a_folder_a_customer_is_no_environment() -> None:
    folders = [f"envs/customer-{number}" for number in range(MAX_ENVIRONMENTS + 1)]
    assert [one.name for one in find_environments([*folders, "envs/prod", "envs/dev"])] == ["dev", "prod"]


PARTS = st.sampled_from(
    ["envs", "overlays", "clusters", "prod", "dev", "staging-1", "a", "é", "*", "..x", "Prod_2"]
)


@given(st.lists(st.lists(PARTS, max_size=5).map("/".join), max_size=12))
def test_the_configuration_says_the_same_of_every_folder(folders: list[str]) -> None:
    """What is written is read back, and places each file in the environment that was found for its folder."""
    from lockgate.webhook.policy_init.configuration import render_configuration
    from lockgate.webhook.policy_init.plan import Part, Plan

    found = find_environments(folders)
    text = render_configuration(Plan(found, (Part("baseline", ()),), {}, ()), "policies/lockgate", (), ())
    config = parse_config(text.encode(), "lockgate.yaml", "/repository")
    assert config.policies == ("policies/lockgate",)
    for folder in folders:
        expected = environment_of(folder, found)
        if expected is not None:
            assert config.environment(f"/repository/{folder}/file.yaml") is not None
