"""Folders: patches of kustomizations are told from objects."""

from lockgate.engine.documents.tree import find_patches, read_tree

POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
FILES = {
    "base/kustomization.yaml": b"resources: [pod.yaml, both.yaml]\n",
    "base/pod.yaml": POD,
    "base/both.yaml": POD,
    "prod/kustomization.yml": b"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base, extra.yaml]
patches:
- path: patch.yaml
- path: ../base/both.yaml
- patch: |-
    - op: remove
      path: /spec
- {target: {kind: Pod}, path: ./sub/../json.json}
patchesStrategicMerge:
- merge.yaml
- |-
  apiVersion: v1
  kind: Pod
patchesJson6902:
- {target: {kind: Pod}, path: six.yaml}
configurations: [config.yaml]
""",
    "prod/extra.yaml": POD,
    "prod/patch.yaml": POD,
    "prod/merge.yaml": POD,
    "prod/six.yaml": b"- {op: remove, path: /spec}\n",
    "prod/json.json": b'[{"op": "remove", "path": "/spec"}]',
    "prod/config.yaml": b"namePrefix: []\n",
    "broken/kustomization.yaml": b"patches: [\n",
    "broken/Kustomization": b"patches: {path: a.yaml}\npatchesStrategicMerge: a.yaml\n",
    "broken/a.yaml": POD,
}


def test_patches_are_found_in_their_kustomization() -> None:
    found = find_patches(FILES, FILES.__getitem__)
    assert {path: reference.what for path, reference in found.items()} == {
        "prod/patch.yaml": "a kustomize patch",
        "prod/merge.yaml": "a kustomize patch",
        "prod/six.yaml": "a kustomize patch",
        "prod/json.json": "a kustomize patch",
        "prod/config.yaml": "a configuration of kustomize",
    }
    assert {reference.kustomization for reference in found.values()} == {"prod/kustomization.yml"}


def test_only_kustomizations_are_read_to_find_patches() -> None:
    asked: list[str] = []

    def read(file: str) -> bytes:
        asked.append(file)
        return FILES[file]

    find_patches(FILES, read)
    assert asked == [
        "base/kustomization.yaml",
        "broken/Kustomization",
        "broken/kustomization.yaml",
        "prod/kustomization.yml",
    ]


def test_a_tree_accounts_for_every_file_once_and_in_order() -> None:
    readings = list(read_tree(reversed(list(FILES)), FILES.__getitem__, duplicates="error"))
    assert [file for file, _ in readings] == sorted(FILES)
    by_file = dict(readings)
    judged = [file for file, reading in readings if reading.documents]
    assert judged == ["base/both.yaml", "base/pod.yaml", "broken/a.yaml", "prod/extra.yaml"]
    (skipped,) = by_file["prod/patch.yaml"].skipped
    assert skipped.reason == "a kustomize patch of prod/kustomization.yml"
    assert "kubectl kustomize" in skipped.hint
    (error,) = by_file["broken/kustomization.yaml"].errors
    assert error.line == 2


def test_a_kustomization_that_cannot_be_opened_is_left_to_its_reader() -> None:
    def read(file: str) -> bytes:
        raise PermissionError(file)

    assert find_patches(["kustomization.yaml"], read) == {}
