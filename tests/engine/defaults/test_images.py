"""When images are pulled."""

import pytest
from lockgate.engine.defaults.images import pull_policy

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1", "IfNotPresent"),
        ("registry.example/a/b", "Always"),
        ("localhost:5000/a", "Always"),
        ("localhost:5000/a:v1", "IfNotPresent"),
        ("REGISTRY/a", "Always"),
        (f"nginx@{DIGEST}", "IfNotPresent"),
        (f"nginx:latest@{DIGEST}", "Always"),
        (f"nginx:1@{DIGEST}", "IfNotPresent"),
        # No references; the API server takes them all the same.
        ("", "IfNotPresent"),
        ("Nginx", "IfNotPresent"),
        ("nginx:", "IfNotPresent"),
        ("a//b", "IfNotPresent"),
        ("$(IMAGE)", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
        ("0a" * 32, "IfNotPresent"),
        ("a" * 2_000, "IfNotPresent"),
    ],
)
def test_policy(image: str, policy: str) -> None:
    assert pull_policy(image) == policy
