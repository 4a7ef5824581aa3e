"""Gatekeeper's kinds with one mistake each: the place that `lockgate check` names, and what it says of it.

`§` stands before the character that is named. Each row is put to the running Gatekeeper too.
"""

from dataclasses import dataclass
from typing import Literal

MARK = "§"
Said = Literal["applied", "status", "never"]

TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: probe
spec:
  crd:
    spec:
      names:
        kind: Probe
      validation:
        openAPIV3Schema:
          type: object
          properties:
            owner: {type: string}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package probe

        violation[{"msg": msg}] {
          msg := "hit"
        }
"""
CODE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: probe
spec:
  crd:
    spec:
      names:
        kind: Probe
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: Rego
          source:
            version: v1
            libs:
              - |
                package lib.util

                one := 1
            rego: |
              package probe

              violation contains {"msg": "hit"} if true
"""
CEL = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: probe
spec:
  crd:
    spec:
      names:
        kind: Probe
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: K8sNativeValidation
          source:
            failurePolicy: Fail
            matchCondition:
              - name: pods
                expression: request.kind.kind == "Pod"
            variables:
              - name: labels
                expression: object.metadata.labels
            validations:
              - expression: has(object.metadata)
                message: hit
"""
CONSTRAINT = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Probe
metadata:
  name: probe
spec:
  enforcementAction: deny
  match:
    kinds:
      - apiGroups: [""]
        kinds: [Pod]
    namespaces: [prod]
    labelSelector:
      matchExpressions:
        - {key: a, operator: In, values: [b]}
  parameters:
    owner: me
"""
SCOPED = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Probe
metadata:
  name: probe
spec:
  enforcementAction: scoped
  scopedEnforcementActions:
    - action: warn
      enforcementPoints:
        - name: validation.gatekeeper.sh
"""
CONFIG = """\
apiVersion: config.gatekeeper.sh/v1alpha1
kind: Config
metadata:
  name: config
  namespace: gatekeeper-system
spec:
  sync:
    syncOnly:
      - {group: "", version: v1, kind: Service}
  match:
    - excludedNamespaces: [kube-*]
      processes: [webhook]
"""
SYNC_SET = """\
apiVersion: syncset.gatekeeper.sh/v1alpha1
kind: SyncSet
metadata:
  name: services
spec:
  gvks:
    - {group: "", version: v1, kind: Service}
"""
EXPANSION = """\
apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata:
  name: workloads
spec:
  applyTo:
    - groups: [apps]
      versions: [v1]
      kinds: [Deployment]
  templateSource: spec.template
  enforcementAction: warn
  generatedGVK: {group: "", version: v1, kind: Pod}
"""
PROVIDER = """\
apiVersion: externaldata.gatekeeper.sh/v1beta1
kind: Provider
metadata:
  name: signatures
spec:
  url: https://provider.example:8090/validate
  timeout: 3
  caBundle: "BUNDLE"
"""

# Of an authority whose key nobody has.
CERTIFICATE = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSGhNSUdVb0FNQ0FRSUNBUUV3QlFZREsyVndNQTh4RFRBTEJnTlZCQU1N"
    "QkhSbGMzUXdJQmNOTWpZd01UQXgKTURBd01EQXdXaGdQTWpFeU5qQXhNREV3TURBd01EQmFNQTh4RFRBTEJnTlZCQU1NQkhS"
    "bGMzUXdLakFGQmdNcgpaWEFESVFBeGMyUHFrMm1hL3g3cDZvSFh6THdWUGNMZU50cVVHbFBSSWZSM0NMNlZlNk1UTUJFd0R3"
    "WURWUjBUCkFRSC9CQVV3QXdFQi96QUZCZ01yWlhBRFFRQmp6UWtUU1oxVTJkQ2pOL05oS1ZSSnF4TW5ycTV4MlRkVVlTL20K"
    "T2ViL05MbmVDSW53QWVhajBVRVlZamFtMUNRM1F2U1htNHdBTDZSdWJJNTdzVWNHCi0tLS0tRU5EIENFUlRJRklDQVRFLS0t"
    "LS0K"
)
PROVIDER = PROVIDER.replace("BUNDLE", CERTIFICATE)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A policy with a mistake. base: the text that is right; change: what is replaced, and by what, with MARK.

    gatekeeper: where the running Gatekeeper says that something is wrong: when it is applied, in its status, or never.
    """

    name: str
    base: str
    change: tuple[str, str]
    message: str
    gatekeeper: Said = "applied"

    @property
    def marked(self) -> str:
        """The text with its mark."""
        old, new = self.change
        assert self.base.count(old) == 1, self.name
        return self.base.replace(old, new)

    @property
    def text(self) -> str:
        return self.marked.replace(MARK, "")

    @property
    def place(self) -> tuple[int, int]:
        """Line and column, both from 1, of what the mark stands before."""
        before = self.marked.split(MARK)[0]
        return before.count("\n") + 1, len(before) - before.rfind("\n")


Row = tuple[str, str, str, str]


def _of(kind: str, base: str, *rows: Row, said: Said = "applied") -> tuple[Malformed, ...]:
    return tuple(Malformed(f"{kind}: {name}", base, (old, new), text, said) for name, old, new, text in rows)


_NAMED = "metadata:\n  name: probe\n"
_PACKAGE = "        package probe\n"
_V1_PACKAGE = "              package probe\n"
_TARGET = "    - target: admission.k8s.gatekeeper.sh\n"
_LIB = "                package lib.util\n"

TEMPLATES: tuple[Malformed, ...] = (
    *_of(
        "template",
        TEMPLATE,
        (
            "an unknown version",
            "apiVersion: templates.gatekeeper.sh/v1\n",
            "apiVersion: §templates.gatekeeper.sh/v2\n",
            "unknown version 'v2'",
        ),
        ("no name", _NAMED, "metadata: §{}\n", "no metadata.name"),
        ("another name", "name: probe\n", "name: §other\n", "not equal to the lowercase of CRD's Kind"),
        ("no kind", "      names:\n        kind: Probe\n", "      names: §{}\n", "does not specify CRD Kind"),
        ("no target", "  targets:\n", "  targets: §[]\n  others:\n", "no targets specified"),
        (
            "two targets",
            _TARGET,
            "    - {target: admission.k8s.gatekeeper.sh, rego: package a}\n    - §target: admission.k8s.gatekeeper.sh\n",
            "multi-target templates are not currently supported",
        ),
        (
            "another target",
            "target: admission.k8s.gatekeeper.sh",
            "target: §other",
            "target 'other' not recognized",
        ),
        (
            "an unknown operation",
            _TARGET,
            _TARGET + "      operations: [CREATE, §PATCH]\n",
            "unknown operation 'PATCH'",
        ),
        (
            "'*' beside an operation",
            _TARGET,
            _TARGET + '      operations: §["*", CREATE]\n',
            "'*' means every operation",
        ),
        ("no code", "      rego: |\n", "      other: |\n", "no language driver is installed"),
    ),
    *_of(
        "template",
        TEMPLATE,
        ("no package", _PACKAGE + "\n", "\n", "expected `package`"),
        ("a syntax error", "package probe\n", "package probe\n        §}\n", "rego_parse_error"),
        ("no rule `violation`", "violation[", "deny[", "missing required rules: [violation]"),
        ("an unsafe variable", 'msg := "hit"', 'msg := "hit"; §x == y', "rego_unsafe_var_error"),
        ("an unknown function", 'msg := "hit"', "msg := §frobnicate(1)", "undefined function"),
        ("import input", _PACKAGE, _PACKAGE + "        §import input\n", "cannot import input"),
        ("import data.inventory", _PACKAGE, _PACKAGE + "        §import data.inventory\n", "bad import"),
        ("a reference to data", 'msg := "hit"', "msg := §data.secret", "disallowed ref data.secret"),
        ("its own package", 'msg := "hit"', "msg := §data.probe.msg", "disallowed ref data.probe"),
        (
            "a library outside of lib",
            _TARGET,
            _TARGET + "      libs:\n        - |\n          §package util\n\n          x = 1\n",
            "invalid lib prefix",
        ),
        (
            "a library that imports input",
            _TARGET,
            _TARGET + "      libs:\n        - |\n          package lib.util\n\n          §import input.x\n",
            "cannot import input",
        ),
        said="status",
    ),
    *_of(
        "template",
        TEMPLATE,
        ("a schema without type", "          type: object\n", "          description: x\n", "no type"),
        ("an unknown type", "{type: string}", "{type: §text}", "unknown type 'text'"),
        ("an array without items", "{type: string}", "§{type: array}", "needs `items`"),
        (
            "a reference in a schema",
            "{type: string}",
            '{type: string, $ref: §"#/x"}',
            "`$ref` is not supported",
        ),
        (
            "a default that does not fit",
            "{type: string}",
            "{type: string, default: §1}",
            "the default does not fit",
        ),
        ("a pattern", "{type: string}", '{type: string, pattern: §"("}', "no regular expression"),
        ("a word for a list", "  targets:\n" + _TARGET, "  targets: §x\n  others:\n" + _TARGET, "must be"),
    ),
    *_of(
        "code",
        CODE,
        ("an unknown engine", "engine: Rego", "engine: Lua", "no language driver is installed"),
        (
            "no rego",
            "            rego: |",
            "            other: |",
            "rego source missing required field: rego",
        ),
        (
            "v0 in v1",
            'violation contains {"msg": "hit"} if true',
            '§violation[{"msg": "hit"}] { true }',
            "rego_parse_error",
        ),
        ("import rego.v1", _V1_PACKAGE, _V1_PACKAGE + "\n              §import rego.v1\n", "bad import"),
        ("a library outside of lib", _LIB, "                §package util\n", "invalid lib prefix"),
        said="status",
    ),
    *_of(
        "CEL",
        CEL,
        (
            "a failure policy",
            "failurePolicy: Fail",
            "failurePolicy: §Abort",
            "unrecognized failure policy: 'Abort'",
        ),
        ("a reserved variable", "name: labels", "name: §gatekeeper_internal_x", "not a valid variable"),
        (
            "a reserved match condition",
            "name: pods",
            "name: §gatekeeper_internal_x",
            "not a valid match condition",
        ),
        said="status",
    ),
    *_of(
        "CEL",
        CEL,
        ("no expression", "expression: has(object.metadata)", "expression: has(object.§", "Syntax error"),
        said="status",
    ),
)

CONSTRAINTS: tuple[Malformed, ...] = (
    *_of(
        "constraint",
        CONSTRAINT,
        ("another kind", "kind: Probe", "kind: §Other", "missing ConstraintTemplate"),
        ("another version", "sh/v1beta1", "sh/v7", "v7"),
        ("a name", "name: probe", "name: §Probe_1", "name"),
        ("an unknown field", "  enforcementAction: deny\n", "  enforcment: §deny\n", "unknown field"),
        ("an unknown parameter", "    owner: me\n", "    ownr: §me\n", "unknown field"),
        ("a parameter of another type", "owner: me", "owner: §1", "must be of type string"),
        ("an enforcement action", "enforcementAction: deny", "enforcementAction: §block", "block"),
        ("an unknown operator", "operator: In", "operator: §Has", "Has"),
        ("values of In", "values: [b]", "values: §[]", "values"),
        ("a namespace", "namespaces: [prod]", "namespaces: [§a*b]", "a*b"),
        (
            "kinds that are no list",
            '    kinds:\n      - apiGroups: [""]\n        kinds: [Pod]\n',
            "    kinds: §Pod\n",
            "must be",
        ),
        ("parameters that are no object", "  parameters:\n    owner: me\n", "  parameters: §[]\n", "must be"),
    ),
    *_of(
        "scoped actions",
        SCOPED,
        (
            "none",
            "  scopedEnforcementActions:\n    - action: warn\n      enforcementPoints:\n        - name: validation.gatekeeper.sh\n",
            "",
            "scopedEnforcementActions",
        ),
        ("an action", "action: warn", "action: §block", "block"),
        (
            "no point",
            "      enforcementPoints:\n        - name: validation.gatekeeper.sh\n",
            "      enforcementPoints: §[]\n",
            "names no enforcement point",
        ),
        ("an unknown point", "name: validation.gatekeeper.sh", "name: §elsewhere", "elsewhere"),
    ),
)

OTHERS: tuple[Malformed, ...] = (
    *_of("Config", CONFIG, ("another name", "name: config", "name: §other", "the one named 'config' only")),
    *_of(
        "Config",
        CONFIG,
        ("a namespace", "[kube-*]", "[§kube-*-x]", "is no namespace"),
    ),
    *_of(
        "Config",
        CONFIG,
        (
            "an unknown process",
            "processes: [webhook]",
            "processes: [§web]",
            "Gatekeeper has no process 'web'",
        ),
        (
            "an entry without kind",
            '      - {group: "", version: v1, kind: Service}',
            '      - §{group: "", version: v1}',
            "needs a version and a kind",
        ),
        said="never",
    ),
    *_of("Config", CONFIG, ("a list", "    syncOnly:\n", "    syncOnly: §x\n    others:\n", "must be")),
    *_of(
        "SyncSet",
        SYNC_SET,
        ("no name", "metadata:\n  name: services\n", "metadata: §{}\n", "no metadata.name"),
    ),
    *_of(
        "SyncSet",
        SYNC_SET,
        (
            "an entry without kind",
            "version: v1, kind: Service}",
            "version: v1}",
            "needs a version and a kind",
        ),
        said="never",
    ),
    *_of(
        "ExpansionTemplate",
        EXPANSION,
        ("no name", "metadata:\n  name: workloads\n", "metadata: §{}\n", "empty name field"),
        ("a long name", "name: workloads", f"name: §{'w' * 64}", "less than 64 characters"),
        ("no source", "  templateSource: spec.template\n", "", "empty source field"),
        (
            "no generated kind",
            '  generatedGVK: {group: "", version: v1, kind: Pod}\n',
            "",
            "empty generatedGVK field",
        ),
        (
            "nothing that it applies to",
            "  applyTo:\n    - groups: [apps]\n      versions: [v1]\n      kinds: [Deployment]\n",
            "  applyTo: §[]\n",
            "must specify ApplyTo",
        ),
        (
            "what it applies to",
            'generatedGVK: {group: "", version: v1, kind: Pod}',
            "generatedGVK: {group: apps, version: v1, kind: Deployment}",
            "also applies to that same kind",
        ),
    ),
    *_of(
        "ExpansionTemplate",
        EXPANSION,
        (
            "an action",
            "enforcementAction: warn",
            "enforcementAction: §block",
            "unrecognized enforcementAction",
        ),
        said="never",
    ),
    *_of(
        "Provider",
        PROVIDER,
        ("no HTTPS", "url: https:", "url: §http:", "only HTTPS is supported"),
        ("no url", "  url: https://provider.example:8090/validate\n", "", "missing spec.url"),
        ("no caBundle", f'  caBundle: "{CERTIFICATE}"\n', "", "missing spec.caBundle"),
        ("another caBundle", f'"{CERTIFICATE}"', '§"aGVsbG8="', "holds no certificate"),
    ),
    *_of(
        "Provider", PROVIDER, ("no timeout", "timeout: 3", "timeout: §0", "spec.timeout is 0"), said="never"
    ),
    *_of(
        "Provider",
        PROVIDER,
        ("a timeout of text", "timeout: 3", "timeout: §soon", "must be a positive integer"),
    ),
)

MALFORMED: tuple[Malformed, ...] = (*TEMPLATES, *CONSTRAINTS, *OTHERS)
