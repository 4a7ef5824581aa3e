# METADATA
# title: Requests for devices
# description: |
#   What claims ask for, in one form whatever version of the API they are written in: flat in v1alpha3 and v1beta1, in
#   `exactly` since v1beta2, alternatives in `firstAvailable`, one class for the whole claim in v1alpha2, and the annotations of
#   which KServe makes a claim. Shapes are looked for in every version, so a flat request in v1 is no way around.
package lib.lockgate.requests

import data.lib.lockgate.claim_specs
import data.lib.lockgate.workloads

# The most devices that one claim can be given (AllocationResultsMaxSize): what ResourceQuota charges for `All`.
most := 32

# METADATA
# description: |
#   One entry for each request and for each alternative of one, as
#   `{"path", "how", "version", "name", "alternative", "class", "class_path", "mode", "count", "admin", "selectors", "tolerations", "capacity", "claim", "written"}`;
#   policies/lib/README.md says what each is.
requests := array.concat(array.concat(exact, flat), array.concat(alternatives, array.concat(legacy, annotated)))

entries := [{"path": array.concat(spec.path, ["devices", "requests", i]), "request": request, "spec": spec} |
	some spec in claim_specs.specs
	some i, request in spec.spec.devices.requests
	is_object(request)
]

exact := [found |
	some entry in entries
	holder := entry.request.exactly
	is_object(holder)
	found := asked("request", entry, array.concat(entry.path, ["exactly"]), holder, named(entry.request), -1)
]

flat := [found |
	some entry in entries
	is_flat(entry.request)
	found := asked("request", entry, entry.path, entry.request, named(entry.request), -1)
]

# A class that is null is none, as for an API server.
is_flat(request) if request.deviceClassName != null

alternatives := [found |
	some entry in entries
	some k, holder in entry.request.firstAvailable
	is_object(holder)
	name := concat("/", [named(entry.request), named(holder)])
	found := asked("alternative", entry, array.concat(entry.path, ["firstAvailable", k]), holder, name, k)
]

# v1alpha2, before Kubernetes 1.31, named one class for the whole claim; its allocationMode says when, not how many.
legacy := [found |
	some spec in claim_specs.specs
	class := spec.spec.resourceClassName
	class != null
	found := {
		"path": spec.path, "how": "claim", "version": spec.version, "name": "", "alternative": -1,
		"class": class, "class_path": array.concat(spec.path, ["resourceClassName"]),
		"mode": "ExactCount", "count": 1, "admin": false,
		"selectors": [], "tolerations": [], "capacity": {}, "claim": spec.path, "written": {},
	}
]

asked(how, entry, path, holder, name, alternative) := {
	"path": path,
	"how": how,
	"version": entry.spec.version,
	"name": name,
	"alternative": alternative,
	"class": object.get(holder, "deviceClassName", null),
	"class_path": array.concat(path, ["deviceClassName"]),
	"mode": mode,
	"count": count_of(mode, given(holder, "count", 1)),
	"admin": given(holder, "adminAccess", false),
	"selectors": given(holder, "selectors", []),
	"tolerations": given(holder, "tolerations", []),
	"capacity": given(given(holder, "capacity", {}), "requests", {}),
	"claim": entry.spec.path,
	"written": holder,
} if {
	mode := given(holder, "allocationMode", "ExactCount")
}

named(holder) := name if {
	name := holder.name
	is_string(name)
} else := ""

# What is null is not given, as for an API server.
given(holder, field, otherwise) := value if {
	value := holder[field]
	value != null
} else := otherwise

count_of(mode, _) := most if mode == "All"

count_of(mode, number) := number if mode != "All"

# KServe makes a claim out of annotations on an LLMInferenceService.
annotation_prefix := "serving.kserve.io/exp-dra-"

annotated := [found |
	some at in workloads.objects
	startswith(at.name, "serving.kserve.io/")
	path := array.concat(at.path, ["metadata", "annotations"])
	annotations := at.value.metadata.annotations
	class := annotations[annotation("device-class")]
	found := {
		"path": path, "how": "annotation", "version": "", "name": "", "alternative": -1,
		"class": class, "class_path": array.concat(path, [annotation("device-class")]),
		"mode": "ExactCount", "count": annotated_count(given(annotations, annotation("device-count"), "1")), "admin": false,
		"selectors": [{"cel": {"expression": text}} | text := annotations[annotation("cel-selector")]],
		"tolerations": [], "capacity": {}, "claim": path, "written": {},
	}
]

annotation(name) := concat("", [annotation_prefix, name])

annotated_count(text) := to_number(text) if {
	is_string(text)
	regex.match(`^[0-9]{1,9}$`, text)
} else := text

# METADATA
# description: |
#   The path of a field of a request, such as `count`, where it is or would be written; for a field that the request cannot
#   have, of the request itself.
place(request, field) := array.concat(request.path, [field]) if {
	request.how in {"request", "alternative"}
} else := array.concat(request.path, [annotation(annotation_names[field])]) if {
	request.how == "annotation"
} else := request.class_path

annotation_names := {"count": "device-count", "selectors": "cel-selector", "deviceClassName": "device-class"}
