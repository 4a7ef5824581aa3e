"""What a file holds: objects, Lists, files that are no objects, templates, standard input."""

import pytest
from lockgate.engine.documents.helm_source import template_of

from tests.engine.reading_helpers import read

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


def kinds(text: str | bytes, file: str = "a.yaml") -> list[object]:
    reading = read(text, file)
    assert reading.errors == ()
    return [document.value["kind"] for document in reading.documents]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (POD, ["Pod"]),
        ('{"apiVersion": "v1", "kind": "Pod"}', ["Pod"]),
        ('{"apiVersion":\t"v1",\n\t"kind":\t"Po\\/d\\ud83d\\ude00"}', ["Po/d😀"]),
        ("{apiVersion: v1, kind: Pod}", ["Pod"]),
        ('{"apiVersion": "v1", "kind": "Pod",}', ["Pod"]),
        (
            '{"apiVersion":"v1","kind":"A"}\n{"apiVersion":"v1","kind":"B"} {"apiVersion":"v1","kind":"C"}',
            ["A", "B", "C"],
        ),
        (
            '{"apiVersion":"v1","kind":"A"}\n---\n{"apiVersion":"v1","kind":"B"}\n---\n' + POD,
            ["A", "B", "Pod"],
        ),
        (f'{POD}---\n{{"apiVersion":\t"v1","kind":"B"}}\n', ["Pod", "B"]),
        ('[{"apiVersion":"v1","kind":"A"},{"apiVersion":"v1","kind":"B"}]', ["A", "B"]),
        ("- {apiVersion: v1, kind: A}\n- apiVersion: v1\n  kind: B\n", ["A", "B"]),
        (
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- {apiVersion: v1, kind: B}\n",
            ["A", "B"],
        ),
        ("apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: a}\n", ["Deployment"]),
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: [{apiVersion: v1, kind: A}]\n",
            ["A"],
        ),
        ("apiVersion: x/v1\nkind: Hidden\nitems:\n- {apiVersion: v1, kind: Pod}\n", ["Pod"]),
        ("apiVersion: x/v1\nkind: Menu\nitems:\n- {name: soup}\n", ["Menu"]),
        ("apiVersion: x/v1\nkind: Menu\nitems: {a: b}\n", ["Menu"]),
        ("apiVersion: x/v1\nkind: WishList\nitems: null\n", ["WishList"]),
        ("apiVersion: v1\nkind: Pod\n$patch: merge\nspec: {}\n", ["Pod"]),
    ],
)
def test_objects(text: str, expected: list[object]) -> None:
    assert kinds(text) == expected


def test_an_item_takes_the_version_and_kind_of_its_list() -> None:
    (document,) = read("apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: a}\n").documents
    assert document.value == {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}
    found = document.locate(None)
    assert (found.span.line, found.exact) == (4, False)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- x\n", 5, "no Kubernetes object"),
        ("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1}\n", 4, "no Kubernetes object"),
        ("- {apiVersion: v1, kind: A}\n- null\n", 2, "no Kubernetes object"),
        (
            '{"apiVersion":"v1","kind":"List","items":[' * 6 + "{}" + "]}" * 6,
            1,
            "nested deeper than 4",
        ),
    ],
)
def test_broken_items(text: str, line: int, part: str) -> None:
    (error,) = read(text).errors
    assert part in error.message
    assert error.line == line


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("a.yaml", "", "no documents"),
        ("a.yaml", "# only\n---\n# comments\n", "no documents"),
        ("a.yaml", "null\n", "no documents"),
        ("chart/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n", "Helm chart"),
        ("chart/values.yaml", "image: a\n", "values for a Helm chart"),
        ("chart/values-prod.yaml", "image: a\n", "values for a Helm chart"),
        ("k/kustomization.yaml", "resources: [a.yaml]\n", "a kustomization"),
        ("k/k.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", "a kustomization"),
        ("p.yaml", "- {op: replace, path: /spec, value: 1}\n", "JSON patch"),
        ("p.json", '[{"op": "remove", "path": "/spec"}]', "JSON patch"),
        ("p.yaml", "$patch: delete\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", "kustomize patch"),
        ("docker-compose.yaml", "version: '3'\nservices: {a: {image: b}}\n", "Compose"),
        (".github/workflows/ci.yaml", "on: push\njobs: {}\n", "GitHub workflow"),
        ("deploy/lockgate.yaml", "paths: [deploy]\n", "configuration of lockgate"),
        ("ir.yaml", "pipelineInfo: {name: a}\nroot: {}\n", "Kubeflow pipeline"),
        ("MLmodel", "flavors: {python_function: {}}\n", "MLflow"),
        ("config", "apiVersion: v1\nkind: Config\nclusters: []\n", "kubeconfig"),
        ("Kptfile", "apiVersion: kpt.dev/v1\nkind: Kptfile\n", "Kptfile"),
        ("suite.yaml", "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\n", "gator Suite"),
        ("a.yaml", "apiVersion: v1\nmetadata: {}\n", "no kind"),
        ("a.yaml", "kind: Pod\nmetadata: {}\n", "no apiVersion"),
        ("a.yaml", "apiVersion: 1\nkind: Pod\n", "apiVersion is no string"),
        ("a.yaml", "apiVersion: v1\nkind: y\n", "kind is no string"),
        ("a.yaml", "metadata: {}\nspec: {}\n", "though it has metadata and a spec"),
        ("a.yaml", "a: b\n", "no apiVersion and no kind"),
        ("a.yaml", "[]\n", "an empty list"),
        ("a.yaml", "just text\n", "only a string"),
        ("a.yaml", "12\n", "only a number"),
        ("a.json", '{"dependencies": {}}', "no apiVersion and no kind"),
        ("a.yaml", "apiVersion: v1\nkind: List\nitems: []\n", "a List without items"),
    ],
)
def test_what_is_no_object(file: str, text: str, reason: str) -> None:
    reading = read(text, file)
    assert reading.documents == ()
    assert reading.errors == ()
    (skipped,) = reading.skipped
    assert reason in skipped.reason
    assert (skipped.file, skipped.line) == (file, 1)


def test_a_pod_is_no_kustomization_by_its_file_name() -> None:
    assert kinds(POD, "kustomization.yaml") == ["Pod"]
    assert kinds(POD, "values.yaml") == ["Pod"]


@pytest.mark.parametrize(
    ("file", "text", "line", "column", "hint"),
    [
        (
            "t/a.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-a\n",
            4,
            28,
            "helm template",
        ),
        ("t/a.yaml", "{{- if .Values.a }}\nkind: Pod\n{{- end }}\n", 1, 3, "helm template"),
        ("t/a.yaml", f"{POD}spec:\n  image: {{{{ .Values.image }}}}\n", 5, 11, "helm template"),
        ("t/a.yaml", f"{POD}spec:\n  {{{{- toYaml .Values.x | nindent 2 }}}}\n", 5, 5, "helm template"),
        ("t/_helpers.tpl", "{{ define x }}", 1, 2, "helm template"),
        ("a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ name }}'}\n", 3, 18, "helm template"),
        ("a.yaml", "{% if x %}\na: b\n{% endif %}\n", 1, 2, "Jinja"),
        ("a.yaml.j2", "a: b: c\n", 1, 5, "Jinja"),
        ("a.jsonnet", "local x = 1; {a: x}\n", 1, 1, "jsonnet FILE"),
        (
            "a.yaml",
            "#@ load('@ytt:data', 'data')\napiVersion: v1\nkind: Pod\nmetadata: {name: #@ data.name\n  }\n",
            3,
            7,
            "ytt -f",
        ),
        ("a.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${NAME}\n", 4, 9, "envsubst"),
        ("a.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: $(NAMESPACE)\n", 4, 14, "envsubst"),
        (
            "a.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: ${REPLICAS:-1}\n",
            4,
            13,
            "envsubst",
        ),
        ("a.yaml", f"{POD}spec:\n  containers:\n  - image: ${{REGISTRY}}/a:b\n", 6, 12, "envsubst"),
        ("a.yaml", "apiVersion: v1\nkind: $KIND\n", 2, 7, "envsubst"),
    ],
)
def test_unrendered_input(file: str, text: str, line: int, column: int, hint: str) -> None:
    reading = read(text, file)
    assert reading.documents == ()
    (error,) = reading.errors
    assert error.unrendered
    assert "not yet rendered" in error.message
    assert hint in error.hint
    assert (error.file, error.line, error.column) == (file, line, column)


@pytest.mark.parametrize(
    "text",
    [
        # Argo Workflows, Katib, Tekton and KFP fill these in themselves.
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: a-}\nspec:\n  templates:\n"
            "  - container: {image: '{{inputs.parameters.image}}', args: ['{{workflow.name}}']}\n"
        ),
        (
            "apiVersion: kubeflow.org/v1\nkind: Experiment\nspec:\n  trialTemplate:\n    trialSpec:\n      spec:\n"
            "        containers:\n        - image: '${trialParameters.image}'\n          replicas: ${trialParameters.n}\n"
        ),
        "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps: [{image: $(params.image)}]\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a.tpl: |\n    {{ if .Values.x }}\n    ${HOME} $(date)\n",
        (
            "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: a}\nspec:\n  groups:\n"
            "  - rules:\n    - annotations: {summary: '{{ $labels.instance }} is {{ $value }}'}\n"
        ),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - image: a\n    args: ['$(POD_NAME)', '$HOME', '${X}']\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a} # {{ .Values.name }}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: cost-$5}\n",
    ],
)
def test_templates_that_controllers_fill_in_are_judged(text: str) -> None:
    reading = read(text)
    assert reading.errors == ()
    assert len(reading.documents) == 1


def test_a_broken_manifest_without_placeholders_is_no_template() -> None:
    (error,) = read("apiVersion: v1\nkind: Pod\nspec: a: b\n").errors
    assert not error.unrendered


HELM = f"---\n# Source: web/templates/pod.yaml\n{POD}---\n# Source: web/templates/bad.yaml\na: b: c\n---\n# Source: web/charts/db/templates/x.yaml\na: b\n"


def test_helm_output_on_standard_input_is_named_by_its_templates() -> None:
    reading = read(HELM, "-")
    assert [(d.file, d.template, d.locate(("kind",)).span.line) for d in reading.documents] == [
        ("web/templates/pod.yaml", "web/templates/pod.yaml", 4)
    ]
    assert [(e.file, e.line) for e in reading.errors] == [("web/templates/bad.yaml", 8)]
    assert [(s.file, s.line) for s in reading.skipped] == [("web/charts/db/templates/x.yaml", 11)]


def test_helm_output_in_a_file_keeps_the_file_which_an_editor_can_open() -> None:
    (document,) = read(HELM, "rendered.yaml").documents
    assert (document.file, document.template) == ("rendered.yaml", "web/templates/pod.yaml")


def test_standard_input_has_a_name() -> None:
    (document,) = read(POD, "-").documents
    assert (document.file, document.template) == ("<stdin>", "")
    (skipped,) = read("", "-").skipped
    assert skipped.file == "<stdin>"


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("# Source: a/templates/b.yaml\nx: 1\n", "a/templates/b.yaml"),
        ("---\n# Source: a/b.yaml\nx: 1\n", "a/b.yaml"),
        ("\n# note\n# Source: a/b.yaml\nx: 1\n", "a/b.yaml"),
        ("x: 1\n# Source: a/b.yaml\n", ""),
        ("# Source: a b\n", ""),
        ("# Source: \x1b[31m\n", ""),
        (f"# Source: {'a' * 513}\n", ""),
        ("", ""),
    ],
)
def test_template_of(text: str, template: str) -> None:
    assert template_of(text) == template
