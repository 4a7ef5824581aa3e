package lockgate.claims.claim_references_test

import data.lockgate.claims.claim_references as rule

pod(claims, taken) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "p"},
	"spec": {"resourceClaims": claims, "containers": [{"name": "c", "resources": {"claims": taken}}]},
}

said(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

template := {"name": "gpu", "resourceClaimTemplateName": "t"}

named := {"name": "gpu", "resourceClaimName": "shared-a"}

gpu := [{"name": "gpu"}]

rows := [
	[pod([template], gpu), {}, set()],
	[pod([named], gpu), {}, set()],
	[pod([named], gpu), {"namedClaims": ["shared-*"]}, set()],
	[pod([named], gpu), {"namedClaims": []}, {"claim may not be shared by name"}],
	[pod([template], []), {}, {"claim of the pod is used by no container"}],
	[pod([template], []), {"unused": "allow"}, set()],
	[pod([], gpu), {}, {"container takes a claim that its pod does not name"}],
	[pod([{"name": "gpu"}], gpu), {}, {"claim of the pod names neither a template nor a claim"}],
	[
		pod([{"name": "gpu", "source": {"resourceClaimTemplateName": "t"}}], gpu), {},
		{"claim of the pod is named under `source`"},
	],
	[
		pod([{"name": "gpu", "source": {"resourceClaimName": "c"}}], gpu), {"namedClaims": ["shared-*"]},
		{"claim of the pod is named under `source`", "claim may not be shared by name"},
	],
]

test_references if {
	every row in rows {
		said(row[0], row[1]) == row[2]
	}
}
