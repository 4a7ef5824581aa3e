package lockgate.claims.approved_selectors_test

import data.lockgate.claims.approved_selectors as rule

claim(selectors) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaim",
	"metadata": {"name": "c"},
	"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {
		"deviceClassName": "gpu.nvidia.com",
		"selectors": selectors,
	}}]}},
}

expression := `device.attributes["gpu.nvidia.com"].productName == "A100"`

selector(text) := [{"cel": {"expression": text}}]

said(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_selectors if {
	said(claim(selector(expression)), {"allowed": [expression]}) == set()
	said(claim(selector(sprintf(" %s\n", [expression]))), {"allowed": [expression]}) == set()
	said(claim([]), {"allowed": []}) == set()
	said(claim([]), {"allowed": [], "none": "refuse"}) == {"request has no selector"}
}

test_every_other_text if {
	every text in [
		sprintf("%s || true", [expression]),
		sprintf("true || %s", [expression]),
		`device.driver == "gpu.nvidia.com" || device.driver == "gpu.example.com"`,
		`"gpu.nvidia.com" == "gpu.nvidia.com"`,
		upper(expression),
	] {
		said(claim(selector(text)), {"allowed": [expression]}) == {"selector is not approved"}
	}
}

test_annotations if {
	service := {
		"apiVersion": "serving.kserve.io/v1alpha1",
		"kind": "LLMInferenceService",
		"metadata": {"name": "s", "annotations": {
			"serving.kserve.io/exp-dra-device-class": "gpu.nvidia.com",
			"serving.kserve.io/exp-dra-cel-selector": "true",
		}},
	}
	said(service, {"allowed": [expression]}) == {"selector is not approved"}
	said(service, {"allowed": ["true"]}) == set()
}
