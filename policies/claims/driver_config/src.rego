# METADATA
# title: Parameters for drivers are of approved kinds
# description: |
#   The `config` of a claim or DeviceClass hands parameters to a driver that Kubernetes does not look at: they share one GPU among many
#   users, hand a device through to a virtual machine, or set what only an administrator should. Each entry must name a driver and a
#   kind of parameters in `allowed`; what is unknown is refused, and so are parameters without a kind unless the driver's entry
#   has `untyped: allow`.
#
#   Where a kind is allowed, its sharing strategy must be in `sharing` (TimeSlicing, MPS; none is allowed by default). MPS for several
#   users (`multiUser`) is refused unless `multiUser` is `allow`, since they share one address space of the device.
#
#   Not covered: what a driver makes of fields that its kind has, and whether the named driver serves the devices.
# related_resources:
#   - ref: https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu
#     description: NVIDIA's driver and its parameters
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C005
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 SC-4 (information in shared resources)
#   systems: [dra]
package lockgate.claims.driver_config

import data.lib.lockgate.configs
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.unreadable
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "parameters are for a driver that is not approved", config.driver, why, fix) if {
	not updates.unchanged
	some config in configs.configs
	not config.driver in drivers
	path := array.concat(config.path, ["opaque", "driver"])
	why := sprintf("nobody but the driver looks at them; approved are: %s", [report.names(drivers)])
	fix := "remove the entry, or have the driver approved"
}

violation contains report.violation(path, "parameters are of a kind that is not approved", kind_text(config), why, fix) if {
	not updates.unchanged
	some config in configs.configs
	config.driver in drivers
	not kind_allowed(config)
	path := array.concat(config.path, ["opaque", "parameters"])
	why := sprintf("nobody but the driver looks at them; approved for it are: %s", [report.names(kinds_of(config.driver))])
	fix := "remove the entry, or use an approved kind"
}

violation contains report.violation(path, "sharing strategy is not approved", strategy, why, fix) if {
	not updates.unchanged
	some config in configs.configs
	some path, strategy in strategies(config)
	not strategy in sharing
	why := sprintf("a device would serve several users at a time; approved are: %s", [report.names(sharing)])
	fix := "remove sharing, or use an approved strategy"
}

violation contains report.violation(path, "MPS serves several users", "multiUser", why, fix) if {
	not updates.unchanged
	not review.parameters.multiUser == "allow"
	some config in configs.configs
	value := config.parameters.sharing.mpsConfig.multiUser
	not value in {false, null}
	path := array.concat(config.path, ["opaque", "parameters", "sharing", "mpsConfig", "multiUser"])
	why := "users of one MPS server share an address space of the device"
	fix := "remove multiUser"
}

violation contains report.violation(path, problem.what, workloads.value_at(path), why, problem.fix) if {
	not updates.unchanged
	some problem in unreadable.unreadable
	path := problem.path
	why := "what a driver is told cannot be judged"
}

entries := [entry | some entry in object.get(review.parameters, "allowed", [])]

drivers := {entry.driver | some entry in entries}

kinds_of(driver) := {kind |
	some entry in entries
	entry.driver == driver
	some kind in object.get(entry, "kinds", [])
}

kind_allowed(config) if {
	config.kind != ""
	config.kind in kinds_of(config.driver)
}

kind_allowed(config) if {
	config.kind == ""
	some entry in entries
	entry.driver == config.driver
	entry.untyped == "allow"
}

kind_text(config) := config.kind if {
	config.kind != ""
} else := "no kind"

# By path: what is no text is one strategy too.
strategies(config) := {path: strategy |
	is_object(config.parameters.sharing)
	path := array.concat(config.path, ["opaque", "parameters", "sharing", "strategy"])
	strategy := text(object.get(config.parameters.sharing, "strategy", "none given"))
}

text(value) := value if {
	is_string(value)
} else := json.marshal(value)

sharing := {strategy | some strategy in object.get(review.parameters, "sharing", [])}
