# METADATA
# title: Device requests tolerate named taints only
# description: |
#   A driver or an administrator taints a device that is broken, or that is kept for somebody. A toleration of a request gives it out
#   all the same. This rule allows the keys in `allowedKeys`; a toleration without a key, which tolerates every taint, is always
#   refused, and so are keys of failing devices (`healthKeys`) unless they are listed. With `maxTolerationSeconds` a toleration of
#   `NoExecute` must end within that time; without `tolerationSeconds` a pod stays on a failing device for good.
#
#   A DeviceTaintRule whose selector is empty takes every device of the cluster, and with the effect `NoExecute` it evicts every pod
#   that uses one: it is refused.
#
#   What cannot be read as a request is refused, since nobody knows what it tolerates; with `unreadable: allow` another rule tells it
#   (`claims/device_counts`), and it is told once.
#
#   Not covered: taints of nodes, and who may write ResourceSlices (`claims/resource_slices`).
# related_resources:
#   - ref: https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/5055-dra-device-taints-and-tolerations
#     description: KEP-5055
# custom:
#   id: LG-C004
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 SI-2 (flaw remediation)
#   systems: [dra]
package lockgate.claims.device_tolerations

import data.lib.lockgate.report
import data.lib.lockgate.requests
import data.lib.lockgate.review
import data.lib.lockgate.unreadable
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "every taint of devices is tolerated", "no key", why, fix) if {
	not updates.unchanged
	some [path, toleration] in tolerations
	key_of(toleration) == ""
	why := "broken devices are given out too"
	fix := "name the key of the taint"
}

violation contains report.violation(path, what, key, why, fix) if {
	not updates.unchanged
	some [path, toleration] in tolerations
	key := key_of(toleration)
	key != ""
	not key in allowed
	problem := refused(key)
	what := problem.what
	why := problem.why
	fix := sprintf("remove the toleration, or have the key %s approved", [key])
}

violation contains report.violation(path, "NoExecute is tolerated for too long", text, why, fix) if {
	not updates.unchanged
	most := review.parameters.maxTolerationSeconds
	some [path, toleration] in tolerations
	key_of(toleration) in allowed
	object.get(toleration, "effect", "") in {"", "NoExecute", null}
	seconds := object.get(toleration, "tolerationSeconds", null)
	not within(seconds, most)
	text := lasting(seconds)
	why := sprintf("a pod would stay on a failing device; %d s are allowed", [most])
	fix := sprintf("set tolerationSeconds to %d or less", [most])
}

violation contains report.violation(path, "a rule taints every device and evicts their pods", "{}", why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "resource.k8s.io/DeviceTaintRule"
	spec := array.concat(at.path, ["spec"])
	path := array.concat(spec, ["deviceSelector"])
	workloads.value_at(path) == {}
	workloads.value_at(array.concat(spec, ["taint", "effect"])) == "NoExecute"
	why := "an empty selector is all devices of the cluster"
	fix := "name a driver, a pool or a device, and try it with the effect None first"
}

violation contains report.violation(path, problem.what, workloads.value_at(path), why, problem.fix) if {
	not updates.unchanged
	not review.parameters.unreadable == "allow"
	some problem in unreadable.unreadable
	path := problem.path
	why := "what it tolerates cannot be told"
}

# Path and value of each.
tolerations := [[path, toleration] |
	some request in requests.requests
	is_array(request.tolerations)
	some i, toleration in request.tolerations
	is_object(toleration)
	path := array.concat(requests.place(request, "tolerations"), [i])
]

# What is none has no key.
key_of(toleration) := key if {
	key := toleration.key
	is_string(key)
} else := ""

refused(key) := {
	"what": "taint of failing devices is tolerated",
	"why": "the driver says with it that the device does not work",
} if {
	key in health
} else := {
	"what": "taint of devices may not be tolerated",
	"why": sprintf("allowed are: %s", [report.names(allowed)]),
}

allowed := {key | some key in object.get(review.parameters, "allowedKeys", [])}

health := {
	"gpu.nvidia.com/gpu-lost", "gpu.nvidia.com/unmonitored", "gpu.nvidia.com/xid",
} | {key | some key in object.get(review.parameters, "healthKeys", [])}

within(seconds, most) if {
	is_number(seconds)
	seconds <= most
}

lasting(seconds) := sprintf("%v s", [seconds]) if is_number(seconds)

lasting(seconds) := "for good" if not is_number(seconds)
