# METADATA
# title: Claims
# description: |
#   The specs of ResourceClaims and ResourceClaimTemplates, in every version of the API.
#   https://github.com/kubernetes/api/tree/master/resource
package lib.lockgate.claim_specs

import data.lib.lockgate.workloads

# METADATA
# description: |
#   The claims, as `{"path", "object", "version", "kind", "metadata", "spec"}`: `path` leads to the spec with `devices` in it,
#   `spec` is its value (null when there is none), `object` the path of the object, `metadata` that of the metadata the claim will have.
specs := [spec |
	some at in workloads.objects
	some spec in specs_of(at)
]

specs_of(at) := [{
	"path": array.concat(at.path, ["spec"]),
	"object": at.path,
	"version": version(at.value.apiVersion),
	"kind": "ResourceClaim",
	"metadata": array.concat(at.path, ["metadata"]),
	"spec": object.get(at.value, "spec", null),
}] if {
	at.name == "resource.k8s.io/ResourceClaim"
} else := [{
	"path": array.concat(at.path, ["spec", "spec"]),
	"object": at.path,
	"version": version(at.value.apiVersion),
	"kind": "ResourceClaimTemplate",
	"metadata": array.concat(at.path, ["spec", "metadata"]),
	"spec": inner_spec(at.value),
}] if {
	at.name == "resource.k8s.io/ResourceClaimTemplate"
}

inner_spec(value) := inner if {
	inner := value.spec.spec
} else := null

version(text) := trim_prefix(text, "resource.k8s.io/")
