"""What patches of kustomize set, read as objects."""

from typing import Any

import pytest
from lockgate.webhook.promotions.held import held_in
from lockgate.webhook.promotions.patches import MAX_PARTS, inline_patches, patched, says_patch

SERVICE = {"group": "serving.kserve.io", "version": "v1beta1", "kind": "InferenceService", "name": "fraud"}
HEAD = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "metadata": {"name": "fraud"},
}
UNKNOWN = {"apiVersion": "patch.invalid/v1", "kind": "Unknown", "metadata": {"name": "patch"}}


@pytest.mark.parametrize(
    ("patch", "target", "expected"),
    [
        (
            [{"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "s3://m/7"}],
            SERVICE,
            [{"spec": {"predictor": {"model": {"storageUri": "s3://m/7"}}}, **HEAD}],
        ),
        (
            [{"op": "add", "path": "/spec/containers/1/image", "value": "a:2"}],
            {},
            [{"spec": {"containers": [{}, {"image": "a:2"}]}, **UNKNOWN}],
        ),
        (
            [{"op": "add", "path": "/spec/list/-", "value": 1}],
            {"kind": "Pod"},
            [{"spec": {"list": [1]}, "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "patch"}}],
        ),
        (
            [{"op": "add", "path": "/metadata/labels/a~1b~0c", "value": "d"}],
            {},
            [{**UNKNOWN, "metadata": {"labels": {"a/b~c": "d"}, "name": "patch"}}],
        ),
        ({"op": "replace", "path": "/spec/image", "value": "a"}, {}, [{"spec": {"image": "a"}, **UNKNOWN}]),
        (
            {"kind": "Pod", "apiVersion": "v1", "spec": {}},
            SERVICE,
            [{"kind": "Pod", "apiVersion": "v1", "spec": {}}],
        ),
        ({"spec": {"image": "a"}}, SERVICE, [{"spec": {"image": "a"}, **HEAD}]),
        ([{"op": "remove", "path": "/spec"}, {"op": "test", "path": "/spec", "value": 1}], {}, []),
        ([{"op": "add", "path": 1, "value": 1}, 2, "x"], {}, []),
        ([{"op": "add", "path": "", "value": "x"}], {}, []),
        ([{"op": "add", "path": "/a" * (MAX_PARTS + 1), "value": "x"}], {}, []),
        ([{"op": "add", "path": "/0", "value": "x"}], {}, []),
        (
            [
                {"op": "add", "path": "/a/999999999", "value": "x"},
                {"op": "add", "path": "/a/101", "value": "y"},
            ],
            {},
            [{"a": ["x"], **UNKNOWN}, {"a": ["y"], **UNKNOWN}],
        ),
        ("a path", {}, []),
        (None, {}, []),
    ],
)
def test_what_is_set(patch: Any, target: Any, expected: list[Any]) -> None:
    assert list(patched(patch, target)) == expected


def test_texts_in_kustomizations_and_objects() -> None:
    text = "- op: replace\n  path: /spec/image\n  value: a:2\n"
    merge = "apiVersion: v1\nkind: Pod\nspec: {image: b}\n"
    kustomization: dict[str, Any] = {
        "patches": [{"patch": text, "target": SERVICE}, {"path": "elsewhere.yaml"}, {"patch": "[broken"}],
        "patchesStrategicMerge": [merge, "elsewhere.yaml"],
    }
    assert list(inline_patches(kustomization)) == [
        (("patches", 0, "patch"), {"spec": {"image": "a:2"}, **HEAD}),
        (("patchesStrategicMerge", 0), {"apiVersion": "v1", "kind": "Pod", "spec": {"image": "b"}}),
    ]
    flux: dict[str, Any] = {"spec": {"patches": [{"patch": text, "target": SERVICE}]}}
    assert [path for path, _ in inline_patches(flux)] == [("spec", "patches", 0, "patch")]
    argo: dict[str, Any] = {
        "spec": {"source": {"kustomize": {"patches": [{"patch": text, "target": SERVICE}]}}}
    }
    assert [path for path, _ in inline_patches(argo)] == [
        ("spec", "source", "kustomize", "patches", 0, "patch")
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"- op: replace\n", True),
        (b'[{"op": "add"}]', True),
        (b"- op: remove\n", False),
        (b"stop: replace\n", False),
    ],
)
def test_files_that_may_be_patches(data: bytes, expected: bool) -> None:
    assert says_patch(data) is expected


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("patch.yaml", "- op: replace\n  path: /spec/image\n  value: a:2\n", [3]),
        ("patch.json", '[\n{"op": "add",\n "path": "/spec/image",\n "value": "a:2"}]', [4]),
        ("values.yaml", "image: {repository: a}\n", [1]),
        # What is no kustomization is an object, whatever the file is called.
        ("kustomization.yaml", "resources: []\n---\napiVersion: v1\nkind: Pod\nspec: {}\n", [1, 5]),
        ("values.yaml", "apiVersion: v1\nkind: Pod\nspec: {}\n", [3]),
    ],
)
def test_where_it_stands(name: str, text: str, lines: list[int]) -> None:
    held = list(held_in(text.encode(), name))
    paths = [one.place(("spec",) if one.is_object else ("spec", "values", "image")) for one in held]
    assert [one.document.locate(path).span.line for one, path in zip(held, paths, strict=True)] == lines
