# METADATA
# title: Profiles bound what their namespace takes
# description: |
#   A Profile makes a namespace in which its owner starts notebooks, jobs and servers. Without `resourceQuotaSpec` nothing bounds them: one profile can take every device of the
#   cluster. `resourceQuotaSpec.hard` must be there, with a limit for devices: a resource with a domain (`requests.nvidia.com/gpu`) or a DeviceClass
#   (`gpu.example.com.deviceclass.resource.k8s.io/devices`); 0 is a limit too. With `resources` each of those must be limited instead, where `nvidia.com/gpu`
#   stands for `requests.nvidia.com/gpu` too. With `maximum` a limit may be that number at most.
#
#   An update that changes nothing but metadata and status is not judged.
#
#   Not covered: quotas that lie in the namespace beside the profile, and Kueue's queues.
# related_resources:
#   - ref: https://www.kubeflow.org/docs/components/central-dash/profiles/
#     description: Kubeflow's profiles
#   - ref: https://kubernetes.io/docs/concepts/policy/resource-quotas/
#     description: Resource quotas
# custom:
#   id: LG-P008
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [kubeflow-notebooks]
package lockgate.pipelines.profile_quotas

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "nothing bounds what a profile takes", "resourceQuotaSpec is not set", why, fix) if {
	not updates.unchanged
	some profile in profiles
	count(profile.hard) == 0
	path := array.concat(profile.path, ["spec", "resourceQuotaSpec"])
	why := "its namespace may take every device of the cluster"
	fix := sprintf("set resourceQuotaSpec.hard with %s", [example])
}

violation contains report.violation(profile.at, "profile does not bound its devices", shown, why, fix) if {
	not updates.unchanged
	not listed
	some profile in profiles
	count(profile.hard) > 0
	count([name | some name, _ in profile.hard; of_devices(name)]) == 0
	shown := report.names({name | some name, _ in profile.hard})
	why := "its namespace may take every device of the cluster"
	fix := sprintf("add %s to resourceQuotaSpec.hard; 0 is a limit too", [example])
}

violation contains report.violation(profile.at, sprintf("profile does not bound %s", [resource]), shown, why, fix) if {
	not updates.unchanged
	listed
	some profile in profiles
	count(profile.hard) > 0
	some resource in review.parameters.resources
	not resource in object.keys(profile.hard)
	not sprintf("requests.%s", [resource]) in object.keys(profile.hard)
	shown := report.names({name | some name, _ in profile.hard})
	why := "its namespace may take all of it"
	fix := sprintf("add %s to resourceQuotaSpec.hard; 0 is a limit too", [resource])
}

violation contains report.violation(path, "profile may take more than allowed", sprintf("%v", [value]), why, fix) if {
	not updates.unchanged
	some profile in profiles
	some name, most in object.get(review.parameters, "maximum", {})
	some value_name in [name, sprintf("requests.%s", [name])]
	value := profile.hard[value_name]
	not within(value, most)
	path := array.concat(profile.at, [value_name])
	why := sprintf("a profile may take %d at most", [most])
	fix := sprintf("set it to %d or less", [most])
}

listed if is_array(review.parameters.resources)

example := "requests.nvidia.com/gpu"

profiles := [{"path": at.path, "at": array.concat(at.path, ["spec", "resourceQuotaSpec", "hard"]), "hard": hard} |
	some at in workloads.objects
	at.name == "kubeflow.org/Profile"
	hard := settings.fields(workloads.value_at(array.concat(at.path, ["spec", "resourceQuotaSpec", "hard"])))
]

# Kubernetes' own resources have no domain, but for counts of objects, which are no devices.
of_devices(name) if {
	contains(name, "/")
	not startswith(name, "count/")
	not endswith(name, "storageclass.storage.k8s.io/requests.storage")
	not endswith(name, "storageclass.storage.k8s.io/persistentvolumeclaims")
}

within(value, most) if {
	is_number(value)
	value <= most
}

within(value, most) if {
	is_string(value)
	regex.match(`^[0-9]{1,12}$`, value)
	to_number(value) <= most
}
