# METADATA
# title: Whether devices are asked for
# description: |
#   Answers one question about an object: will it hold a device? By resources of device plugins that are known, by DeviceClasses, or by claims.
package lib.lockgate.devices

import data.lib.lockgate.extended_resources
import data.lib.lockgate.pod_claims
import data.lib.lockgate.workloads

# METADATA
# description: |
#   Whether what stands below a path asks for devices: as known resources (a resource of a vendor that is not known may be no device), or by claims
#   of its pods. A number that is 0 asks for none.
asked_for(path) if {
	some found in extended_resources.extended
	found.kind != "vendor"
	found.count != 0
	array.slice(found.path, 0, count(path)) == path
}

asked_for(path) if {
	some claim in pod_claims.pod_claims
	array.slice(claim.path, 0, count(path)) == path
}

# A trainer's resources stand outside of any pod.
asked_for(path) if {
	some container in workloads.containers
	array.slice(container.path, 0, count(path)) == path
	count(object.get(container.value, ["resources", "claims"], [])) > 0
}
