"""A new rule that is complete from the start: its files pass every check, and the author replaces what it demands."""

from pathlib import Path

from lockgate.engine.errors import UsageError
from lockgate.webhook.policy_docs import render_page
from lockgate.webhook.policy_folder import NAME, RESERVED, PolicyFolder, Rule, read_metadata, read_text
from lockgate.webhook.policy_sync import Generated, libraries_of, synced_template

SHIPPED = Path(__file__).absolute().parent.parent / "policies"


def new_rule(folder: PolicyFolder, key: str) -> list[Path]:
    """Write the rule `family/name` into the folder; returns the files written. Raises UsageError when it may not be.

    Helpers that the rule uses and the folder lacks are copied from the shipped ones.
    """
    family, slash, name = key.partition("/")
    if not slash or not NAME.match(family) or not NAME.match(name) or family in RESERVED:
        raise UsageError(
            f"{key!r} is no name for a rule",
            hint="write family/rule, in small letters, digits and underscores, as in workloads/no_host_path",
        )
    rule = Rule(folder.root / family / name, family, name)
    if rule.folder.exists():
        raise UsageError(f"{rule.folder} exists already", hint="choose another name, or remove the folder")
    helpers = missing_helpers(folder)
    kind = f"Lockgate{''.join(word.capitalize() for word in name.split('_'))}"
    values = {
        "KEY": rule.key,
        "PACKAGE": rule.package,
        "KIND": kind,
        "LOWER": kind.lower(),
        "NAME": name.replace("_", "-"),
        "IDENTIFIER": f"{family}-{name}".upper().replace("_", "-"),
    }
    files = [
        *helpers,
        *(Generated(rule.folder / place, _filled(text, values)) for place, text in FILES.items()),
    ]
    written = [file for file in files if not file.is_current()]
    for file in written:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        file.write()
    made = [
        Generated(rule.template, synced_template(rule, folder.libraries())),
        Generated(rule.page, render_page(rule, read_metadata(rule.source))),
    ]
    for file in made:
        file.write()
    return [*(file.path for file in written), rule.page]


def missing_helpers(folder: PolicyFolder) -> list[Generated]:
    """The shipped helpers that a new rule uses, directly or through others, and that the folder lacks."""
    shipped = PolicyFolder.at(SHIPPED)
    known = folder.libraries()
    needed = libraries_of(SOURCE, shipped.libraries(), SHIPPED)
    files = {read_text(path): path.name for path in shipped.root.glob("lib/*.rego")}
    packages = {source: package for package, source in shipped.libraries().items()}
    return [
        Generated(folder.root / "lib" / files[source], source)
        for source in needed
        if packages[source] not in known
    ]


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    return text


SOURCE = """# METADATA
# title: Objects carry required labels
# description: |
#   Say what the rule demands, why, and what it does not cover. This one demands labels; replace it by your own.
#   Without `labels` it demands none.
# custom:
#   id: <IDENTIFIER>
#   severity: medium
#   external: false
#   controls: []
package <PACKAGE>

import data.lib.lockgate.report
import data.lib.lockgate.review

violation contains report.violation(path, "label is missing", label, why, fix) if {
	some label in object.get(review.parameters, "labels", [])
	object.get(review.target, ["metadata", "labels", label], "") == ""
	path := ["metadata", "labels", label]
	why := "it says who owns the object"
	fix := sprintf("add the label %s to metadata.labels", [label])
}
"""

TESTS = """package <PACKAGE>_test

import data.<PACKAGE> as rule

labelled(labels) := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "labels": labels}}

found(labels) := {violation |
	some violation in rule.violation with input as {
		"review": {"object": labelled(labels)},
		"parameters": {"labels": ["owner"]},
	}
}

test_allowed if {
	count(found({"owner": "team-a"})) == 0
}

test_denied if {
	every labels in [{}, {"owner": ""}, {"other": "x"}] {
		some violation in found(labels)
		violation.details.path == ["metadata", "labels", "owner"]
	}
}
"""

TEMPLATE = """apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: <LOWER>
  annotations:
    metadata.gatekeeper.sh/title: Required labels
    metadata.gatekeeper.sh/version: 1.0.0
    description: Objects carry required labels.
    lockgate.dev/rule: <KEY>
spec:
  crd:
    spec:
      names:
        kind: <KIND>
      validation:
        openAPIV3Schema:
          type: object
          description: Which labels objects must carry.
          required:
          - labels
          properties:
            labels:
              type: array
              description: Names of the labels.
              maxItems: 64
              items:
                type: string
                maxLength: 317
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: Rego
      source:
        version: v1
        rego: ""
"""

SUITE = """kind: Suite
apiVersion: test.gatekeeper.sh/v1alpha1
metadata:
  name: <NAME>
tests:
- name: owner
  template: template.yaml
  constraint: samples/owner/constraint.yaml
  cases:
  - name: allowed
    object: samples/owner/allowed.yaml
    assertions:
    - violations: no
  - name: denied
    object: samples/owner/denied.yaml
    assertions:
    - violations: 1
      message: label is missing
"""

CONSTRAINT = """apiVersion: constraints.gatekeeper.sh/v1beta1
kind: <KIND>
metadata:
  name: <NAME>
spec:
  enforcementAction: deny
  match:
    kinds:
    - apiGroups: [""]
      kinds: [ConfigMap]
  parameters:
    labels:
    - owner
"""

DENIED = """apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: team-a
data: {}
"""

ALLOWED = """apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: team-a
  labels:
    owner: team-a
data: {}
"""

FILES = {
    "src.rego": SOURCE,
    "src_test.rego": TESTS,
    "template.yaml": TEMPLATE,
    "suite.yaml": SUITE,
    "samples/owner/constraint.yaml": CONSTRAINT,
    "samples/owner/denied.yaml": DENIED,
    "samples/owner/allowed.yaml": ALLOWED,
}
