"""Policies that do not end, or fail, for tests of a running server."""

from tests.webhook.serving.server_processes import CONSTRAINT

LOOPING = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: neverends}
spec:
  crd: {spec: {names: {kind: NeverEnds}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package neverends
      violation[{"msg": "never"}] {
        input.review.object.data.loop
        some a, b, c
        numbers.range(1, 3000)[a] + numbers.range(1, 3000)[b] + numbers.range(1, 3000)[c] == -1
      }
"""
# Several, so that the limit on steps of one evaluation does not come before the deadline of all.
LOOPS = [
    CONSTRAINT.replace("NeedsOwner", "NeverEnds").replace("owners", f"ending-{number}") for number in range(4)
]

# Two values of one rule: an error of the evaluation, on a ConfigMap with `data.conflict`.
CONFLICTING = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: conflicting}
spec:
  crd: {spec: {names: {kind: Conflicting}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package conflicting
      value = 1 { input.review.object.data.conflict }
      value = 2 { input.review.object.data.conflict }
      violation[{"msg": "never"}] { value == 3 }
"""
CONFLICT = CONSTRAINT.replace("NeedsOwner", "Conflicting").replace("owners", "conflict")
# A template that does not compile.
BROKEN = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: broken}
spec:
  crd: {spec: {names: {kind: Broken}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package broken
      violation[{"msg": nobody_made_this}] { true }
"""
# The same in CEL: on a ConfigMap with `data.loop` each of four lists is gone through for each member of the others.
_MANY = f"[{', '.join(map(str, range(400)))}]"
LOOPING_CEL = f"""\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {{name: celneverends}}
spec:
  crd: {{spec: {{names: {{kind: CelNeverEnds}}}}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: K8sNativeValidation
      source:
        variables:
        - name: many
          expression: "{_MANY}"
        validations:
        - expression: >-
            !has(object.data) || !('loop' in object.data) || variables.many.all(a, variables.many.all(b,
            variables.many.all(c, variables.many.all(d, a + b + c + d >= 0))))
          message: never
"""
LOOP_CEL = CONSTRAINT.replace("NeedsOwner", "CelNeverEnds").replace("owners", "cel-ending")
