# METADATA
# title: The entry for Conftest
# description: |
#   Written by `lockgate policy sync`. Conftest asks for `data.main.deny` with a manifest as input. Parameters are read from
#   `data.parameters.<family>.<rule>`, given by `conftest test --data`; a rule without them is not judged, and where that
#   hides something, a warning says so, as it does of a rule that asks external data. The items of a List are judged one by one.
package main

objects := input.items if {
	endswith(input.kind, "List")
	is_array(input.items)
} else := [input]

unconfigured(rule, found) := sprintf("%s is not configured, and %d places are not judged; give --data with parameters.%s", [
	rule,
	count(found),
	replace(rule, "/", "."),
])

unevaluated(rule, found) := sprintf("%s is not evaluated: it asks external data, which Conftest does not have, about %d places", [
	rule,
	count(found),
])

deny contains violation if {
	parameters := data.parameters.claims.admin_access
	some object in objects
	some violation in data.lockgate.claims.admin_access.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/admin_access", found) if {
	not data.parameters.claims.admin_access
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.admin_access.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.admin_namespaces
	some object in objects
	some violation in data.lockgate.claims.admin_namespaces.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/admin_namespaces", found) if {
	not data.parameters.claims.admin_namespaces
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.admin_namespaces.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.approved_device_classes
	some object in objects
	some violation in data.lockgate.claims.approved_device_classes.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/approved_device_classes", found) if {
	not data.parameters.claims.approved_device_classes
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.approved_device_classes.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.approved_selectors
	some object in objects
	some violation in data.lockgate.claims.approved_selectors.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/approved_selectors", found) if {
	not data.parameters.claims.approved_selectors
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.approved_selectors.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.claim_references
	some object in objects
	some violation in data.lockgate.claims.claim_references.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/claim_references", found) if {
	not data.parameters.claims.claim_references
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.claim_references.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.controller_fields
	some object in objects
	some violation in data.lockgate.claims.controller_fields.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/controller_fields", found) if {
	not data.parameters.claims.controller_fields
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.controller_fields.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.dangling_references
	some object in objects
	some violation in data.lockgate.claims.dangling_references.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/dangling_references", found) if {
	not data.parameters.claims.dangling_references
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.dangling_references.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.device_counts
	some object in objects
	some violation in data.lockgate.claims.device_counts.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/device_counts", found) if {
	not data.parameters.claims.device_counts
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.device_counts.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.device_plugin_requests
	some object in objects
	some violation in data.lockgate.claims.device_plugin_requests.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/device_plugin_requests", found) if {
	not data.parameters.claims.device_plugin_requests
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.device_plugin_requests.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.device_tolerations
	some object in objects
	some violation in data.lockgate.claims.device_tolerations.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/device_tolerations", found) if {
	not data.parameters.claims.device_tolerations
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.device_tolerations.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.driver_config
	some object in objects
	some violation in data.lockgate.claims.driver_config.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/driver_config", found) if {
	not data.parameters.claims.driver_config
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.driver_config.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.guarded_namespaces
	some object in objects
	some violation in data.lockgate.claims.guarded_namespaces.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/guarded_namespaces", found) if {
	not data.parameters.claims.guarded_namespaces
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.guarded_namespaces.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.pinned_device_classes
	some object in objects
	some violation in data.lockgate.claims.pinned_device_classes.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/pinned_device_classes", found) if {
	not data.parameters.claims.pinned_device_classes
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.pinned_device_classes.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.queue_name
	some object in objects
	some violation in data.lockgate.claims.queue_name.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/queue_name", found) if {
	not data.parameters.claims.queue_name
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.queue_name.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

warn contains unevaluated("claims/reachable_devices", found) if {
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.reachable_devices.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.resource_slices
	some object in objects
	some violation in data.lockgate.claims.resource_slices.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/resource_slices", found) if {
	not data.parameters.claims.resource_slices
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.resource_slices.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.team_device_classes
	some object in objects
	some violation in data.lockgate.claims.team_device_classes.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/team_device_classes", found) if {
	not data.parameters.claims.team_device_classes
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.team_device_classes.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.undeclared_device_access
	some object in objects
	some violation in data.lockgate.claims.undeclared_device_access.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/undeclared_device_access", found) if {
	not data.parameters.claims.undeclared_device_access
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.undeclared_device_access.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.claims.unused_claims
	some object in objects
	some violation in data.lockgate.claims.unused_claims.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/unused_claims", found) if {
	not data.parameters.claims.unused_claims
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.unused_claims.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.cost.bounded_scaling
	some object in objects
	some violation in data.lockgate.cost.bounded_scaling.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("cost/bounded_scaling", found) if {
	not data.parameters.cost.bounded_scaling
	found := [violation |
		some object in objects
		some violation in data.lockgate.cost.bounded_scaling.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.cost.instance_types
	some object in objects
	some violation in data.lockgate.cost.instance_types.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("cost/instance_types", found) if {
	not data.parameters.cost.instance_types
	found := [violation |
		some object in objects
		some violation in data.lockgate.cost.instance_types.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

warn contains unevaluated("cost/right_sizing", found) if {
	found := [violation |
		some object in objects
		some violation in data.lockgate.cost.right_sizing.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.cost.scale_to_zero
	some object in objects
	some violation in data.lockgate.cost.scale_to_zero.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("cost/scale_to_zero", found) if {
	not data.parameters.cost.scale_to_zero
	found := [violation |
		some object in objects
		some violation in data.lockgate.cost.scale_to_zero.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.analysis_conditions
	some object in objects
	some violation in data.lockgate.gitops.analysis_conditions.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/analysis_conditions", found) if {
	not data.parameters.gitops.analysis_conditions
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.analysis_conditions.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.argo_projects
	some object in objects
	some violation in data.lockgate.gitops.argo_projects.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/argo_projects", found) if {
	not data.parameters.gitops.argo_projects
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.argo_projects.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.chart_versions
	some object in objects
	some violation in data.lockgate.gitops.chart_versions.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/chart_versions", found) if {
	not data.parameters.gitops.chart_versions
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.chart_versions.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.default_project
	some object in objects
	some violation in data.lockgate.gitops.default_project.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/default_project", found) if {
	not data.parameters.gitops.default_project
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.default_project.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.ignored_differences
	some object in objects
	some violation in data.lockgate.gitops.ignored_differences.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/ignored_differences", found) if {
	not data.parameters.gitops.ignored_differences
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.ignored_differences.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.image_updates
	some object in objects
	some violation in data.lockgate.gitops.image_updates.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/image_updates", found) if {
	not data.parameters.gitops.image_updates
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.image_updates.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.insecure_sources
	some object in objects
	some violation in data.lockgate.gitops.insecure_sources.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/insecure_sources", found) if {
	not data.parameters.gitops.insecure_sources
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.insecure_sources.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.kpt_functions
	some object in objects
	some violation in data.lockgate.gitops.kpt_functions.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/kpt_functions", found) if {
	not data.parameters.gitops.kpt_functions
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.kpt_functions.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.pinned_sources
	some object in objects
	some violation in data.lockgate.gitops.pinned_sources.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/pinned_sources", found) if {
	not data.parameters.gitops.pinned_sources
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.pinned_sources.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.reconciler_rights
	some object in objects
	some violation in data.lockgate.gitops.reconciler_rights.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/reconciler_rights", found) if {
	not data.parameters.gitops.reconciler_rights
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.reconciler_rights.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.remote_bases
	some object in objects
	some violation in data.lockgate.gitops.remote_bases.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/remote_bases", found) if {
	not data.parameters.gitops.remote_bases
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.remote_bases.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.rendering_shell
	some object in objects
	some violation in data.lockgate.gitops.rendering_shell.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/rendering_shell", found) if {
	not data.parameters.gitops.rendering_shell
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.rendering_shell.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.rollout_analysis
	some object in objects
	some violation in data.lockgate.gitops.rollout_analysis.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/rollout_analysis", found) if {
	not data.parameters.gitops.rollout_analysis
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.rollout_analysis.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.rollout_steps
	some object in objects
	some violation in data.lockgate.gitops.rollout_steps.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/rollout_steps", found) if {
	not data.parameters.gitops.rollout_steps
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.rollout_steps.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.suspended_reconciliation
	some object in objects
	some violation in data.lockgate.gitops.suspended_reconciliation.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/suspended_reconciliation", found) if {
	not data.parameters.gitops.suspended_reconciliation
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.suspended_reconciliation.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.gitops.verified_sources
	some object in objects
	some violation in data.lockgate.gitops.verified_sources.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("gitops/verified_sources", found) if {
	not data.parameters.gitops.verified_sources
	found := [violation |
		some object in objects
		some violation in data.lockgate.gitops.verified_sources.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.governance.deletion_policies
	some object in objects
	some violation in data.lockgate.governance.deletion_policies.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("governance/deletion_policies", found) if {
	not data.parameters.governance.deletion_policies
	found := [violation |
		some object in objects
		some violation in data.lockgate.governance.deletion_policies.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.governance.external_data_providers
	some object in objects
	some violation in data.lockgate.governance.external_data_providers.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("governance/external_data_providers", found) if {
	not data.parameters.governance.external_data_providers
	found := [violation |
		some object in objects
		some violation in data.lockgate.governance.external_data_providers.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.governance.fail_open_webhooks
	some object in objects
	some violation in data.lockgate.governance.fail_open_webhooks.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("governance/fail_open_webhooks", found) if {
	not data.parameters.governance.fail_open_webhooks
	found := [violation |
		some object in objects
		some violation in data.lockgate.governance.fail_open_webhooks.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.governance.ignored_namespaces
	some object in objects
	some violation in data.lockgate.governance.ignored_namespaces.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("governance/ignored_namespaces", found) if {
	not data.parameters.governance.ignored_namespaces
	found := [violation |
		some object in objects
		some violation in data.lockgate.governance.ignored_namespaces.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.governance.model_buckets
	some object in objects
	some violation in data.lockgate.governance.model_buckets.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("governance/model_buckets", found) if {
	not data.parameters.governance.model_buckets
	found := [violation |
		some object in objects
		some violation in data.lockgate.governance.model_buckets.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.governance.mutations
	some object in objects
	some violation in data.lockgate.governance.mutations.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("governance/mutations", found) if {
	not data.parameters.governance.mutations
	found := [violation |
		some object in objects
		some violation in data.lockgate.governance.mutations.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.governance.template_calls
	some object in objects
	some violation in data.lockgate.governance.template_calls.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("governance/template_calls", found) if {
	not data.parameters.governance.template_calls
	found := [violation |
		some object in objects
		some violation in data.lockgate.governance.template_calls.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.governance.template_data
	some object in objects
	some violation in data.lockgate.governance.template_data.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("governance/template_data", found) if {
	not data.parameters.governance.template_data
	found := [violation |
		some object in objects
		some violation in data.lockgate.governance.template_data.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.governance.weakened_constraints
	some object in objects
	some violation in data.lockgate.governance.weakened_constraints.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("governance/weakened_constraints", found) if {
	not data.parameters.governance.weakened_constraints
	found := [violation |
		some object in objects
		some violation in data.lockgate.governance.weakened_constraints.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.identity.cloud_rights
	some object in objects
	some violation in data.lockgate.identity.cloud_rights.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("identity/cloud_rights", found) if {
	not data.parameters.identity.cloud_rights
	found := [violation |
		some object in objects
		some violation in data.lockgate.identity.cloud_rights.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.identity.cluster_bindings
	some object in objects
	some violation in data.lockgate.identity.cluster_bindings.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("identity/cluster_bindings", found) if {
	not data.parameters.identity.cluster_bindings
	found := [violation |
		some object in objects
		some violation in data.lockgate.identity.cluster_bindings.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.identity.cluster_rights
	some object in objects
	some violation in data.lockgate.identity.cluster_rights.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("identity/cluster_rights", found) if {
	not data.parameters.identity.cluster_rights
	found := [violation |
		some object in objects
		some violation in data.lockgate.identity.cluster_rights.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.identity.literal_secrets
	some object in objects
	some violation in data.lockgate.identity.literal_secrets.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("identity/literal_secrets", found) if {
	not data.parameters.identity.literal_secrets
	found := [violation |
		some object in objects
		some violation in data.lockgate.identity.literal_secrets.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.identity.mounted_tokens
	some object in objects
	some violation in data.lockgate.identity.mounted_tokens.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("identity/mounted_tokens", found) if {
	not data.parameters.identity.mounted_tokens
	found := [violation |
		some object in objects
		some violation in data.lockgate.identity.mounted_tokens.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.identity.node_pool_scopes
	some object in objects
	some violation in data.lockgate.identity.node_pool_scopes.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("identity/node_pool_scopes", found) if {
	not data.parameters.identity.node_pool_scopes
	found := [violation |
		some object in objects
		some violation in data.lockgate.identity.node_pool_scopes.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.identity.public_grants
	some object in objects
	some violation in data.lockgate.identity.public_grants.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("identity/public_grants", found) if {
	not data.parameters.identity.public_grants
	found := [violation |
		some object in objects
		some violation in data.lockgate.identity.public_grants.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.identity.service_accounts
	some object in objects
	some violation in data.lockgate.identity.service_accounts.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("identity/service_accounts", found) if {
	not data.parameters.identity.service_accounts
	found := [violation |
		some object in objects
		some violation in data.lockgate.identity.service_accounts.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.images.image_policies
	some object in objects
	some violation in data.lockgate.images.image_policies.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("images/image_policies", found) if {
	not data.parameters.images.image_policies
	found := [violation |
		some object in objects
		some violation in data.lockgate.images.image_policies.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.images.repository_settings
	some object in objects
	some violation in data.lockgate.images.repository_settings.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("images/repository_settings", found) if {
	not data.parameters.images.repository_settings
	found := [violation |
		some object in objects
		some violation in data.lockgate.images.repository_settings.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.models.code_from_models
	some object in objects
	some violation in data.lockgate.models.code_from_models.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("models/code_from_models", found) if {
	not data.parameters.models.code_from_models
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.code_from_models.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.models.encrypted_models
	some object in objects
	some violation in data.lockgate.models.encrypted_models.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("models/encrypted_models", found) if {
	not data.parameters.models.encrypted_models
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.encrypted_models.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

warn contains unevaluated("models/mlflow_models", found) if {
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.mlflow_models.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

warn contains unevaluated("models/model_cards", found) if {
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.model_cards.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

warn contains unevaluated("models/model_evaluation", found) if {
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.model_evaluation.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

warn contains unevaluated("models/model_formats", found) if {
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.model_formats.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.models.pinned_models
	some object in objects
	some violation in data.lockgate.models.pinned_models.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("models/pinned_models", found) if {
	not data.parameters.models.pinned_models
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.pinned_models.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

warn contains unevaluated("models/promoted_models", found) if {
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.promoted_models.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

warn contains unevaluated("models/scanned_models", found) if {
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.scanned_models.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

warn contains unevaluated("models/signed_models", found) if {
	found := [violation |
		some object in objects
		some violation in data.lockgate.models.signed_models.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.alert_routes
	some object in objects
	some violation in data.lockgate.observability.alert_routes.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/alert_routes", found) if {
	not data.parameters.observability.alert_routes
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.alert_routes.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.alert_rules
	some object in objects
	some violation in data.lockgate.observability.alert_rules.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/alert_rules", found) if {
	not data.parameters.observability.alert_rules
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.alert_rules.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.cloud_alerts
	some object in objects
	some violation in data.lockgate.observability.cloud_alerts.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/cloud_alerts", found) if {
	not data.parameters.observability.cloud_alerts
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.cloud_alerts.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.cloud_uptime
	some object in objects
	some violation in data.lockgate.observability.cloud_uptime.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/cloud_uptime", found) if {
	not data.parameters.observability.cloud_uptime
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.cloud_uptime.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.drift_reports
	some object in objects
	some violation in data.lockgate.observability.drift_reports.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/drift_reports", found) if {
	not data.parameters.observability.drift_reports
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.drift_reports.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.drift_services
	some object in objects
	some violation in data.lockgate.observability.drift_services.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/drift_services", found) if {
	not data.parameters.observability.drift_services
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.drift_services.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.gpu_faults
	some object in objects
	some violation in data.lockgate.observability.gpu_faults.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/gpu_faults", found) if {
	not data.parameters.observability.gpu_faults
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.gpu_faults.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.grafana_access
	some object in objects
	some violation in data.lockgate.observability.grafana_access.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/grafana_access", found) if {
	not data.parameters.observability.grafana_access
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.grafana_access.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.grafana_dashboards
	some object in objects
	some violation in data.lockgate.observability.grafana_dashboards.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/grafana_dashboards", found) if {
	not data.parameters.observability.grafana_dashboards
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.grafana_dashboards.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.grafana_datasources
	some object in objects
	some violation in data.lockgate.observability.grafana_datasources.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/grafana_datasources", found) if {
	not data.parameters.observability.grafana_datasources
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.grafana_datasources.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.monitored_models
	some object in objects
	some violation in data.lockgate.observability.monitored_models.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/monitored_models", found) if {
	not data.parameters.observability.monitored_models
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.monitored_models.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.node_problem_detector
	some object in objects
	some violation in data.lockgate.observability.node_problem_detector.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/node_problem_detector", found) if {
	not data.parameters.observability.node_problem_detector
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.node_problem_detector.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.prometheus_access
	some object in objects
	some violation in data.lockgate.observability.prometheus_access.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/prometheus_access", found) if {
	not data.parameters.observability.prometheus_access
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.prometheus_access.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.scrape_credentials
	some object in objects
	some violation in data.lockgate.observability.scrape_credentials.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/scrape_credentials", found) if {
	not data.parameters.observability.scrape_credentials
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.scrape_credentials.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.zabbix_agents
	some object in objects
	some violation in data.lockgate.observability.zabbix_agents.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/zabbix_agents", found) if {
	not data.parameters.observability.zabbix_agents
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.zabbix_agents.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.zabbix_items
	some object in objects
	some violation in data.lockgate.observability.zabbix_items.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/zabbix_items", found) if {
	not data.parameters.observability.zabbix_items
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.zabbix_items.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.observability.zabbix_triggers
	some object in objects
	some violation in data.lockgate.observability.zabbix_triggers.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("observability/zabbix_triggers", found) if {
	not data.parameters.observability.zabbix_triggers
	found := [violation |
		some object in objects
		some violation in data.lockgate.observability.zabbix_triggers.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.cluster_queues
	some object in objects
	some violation in data.lockgate.pipelines.cluster_queues.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/cluster_queues", found) if {
	not data.parameters.pipelines.cluster_queues
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.cluster_queues.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.evaluated_before_deploy
	some object in objects
	some violation in data.lockgate.pipelines.evaluated_before_deploy.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/evaluated_before_deploy", found) if {
	not data.parameters.pipelines.evaluated_before_deploy
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.evaluated_before_deploy.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.event_sources
	some object in objects
	some violation in data.lockgate.pipelines.event_sources.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/event_sources", found) if {
	not data.parameters.pipelines.event_sources
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.event_sources.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.injected_secrets
	some object in objects
	some violation in data.lockgate.pipelines.injected_secrets.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/injected_secrets", found) if {
	not data.parameters.pipelines.injected_secrets
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.injected_secrets.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.katib_bounds
	some object in objects
	some violation in data.lockgate.pipelines.katib_bounds.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/katib_bounds", found) if {
	not data.parameters.pipelines.katib_bounds
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.katib_bounds.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.katib_trials
	some object in objects
	some violation in data.lockgate.pipelines.katib_trials.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/katib_trials", found) if {
	not data.parameters.pipelines.katib_trials
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.katib_trials.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.mlflow_documents
	some object in objects
	some violation in data.lockgate.pipelines.mlflow_documents.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/mlflow_documents", found) if {
	not data.parameters.pipelines.mlflow_documents
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.mlflow_documents.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.notebook_culling
	some object in objects
	some violation in data.lockgate.pipelines.notebook_culling.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/notebook_culling", found) if {
	not data.parameters.pipelines.notebook_culling
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.notebook_culling.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.notebook_places
	some object in objects
	some violation in data.lockgate.pipelines.notebook_places.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/notebook_places", found) if {
	not data.parameters.pipelines.notebook_places
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.notebook_places.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.pipeline_artifacts
	some object in objects
	some violation in data.lockgate.pipelines.pipeline_artifacts.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/pipeline_artifacts", found) if {
	not data.parameters.pipelines.pipeline_artifacts
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.pipeline_artifacts.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.profile_quotas
	some object in objects
	some violation in data.lockgate.pipelines.profile_quotas.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/profile_quotas", found) if {
	not data.parameters.pipelines.profile_quotas
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.profile_quotas.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.registered_models
	some object in objects
	some violation in data.lockgate.pipelines.registered_models.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/registered_models", found) if {
	not data.parameters.pipelines.registered_models
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.registered_models.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.runtime_installs
	some object in objects
	some violation in data.lockgate.pipelines.runtime_installs.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/runtime_installs", found) if {
	not data.parameters.pipelines.runtime_installs
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.runtime_installs.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.sensor_triggers
	some object in objects
	some violation in data.lockgate.pipelines.sensor_triggers.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/sensor_triggers", found) if {
	not data.parameters.pipelines.sensor_triggers
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.sensor_triggers.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.tracked_runs
	some object in objects
	some violation in data.lockgate.pipelines.tracked_runs.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/tracked_runs", found) if {
	not data.parameters.pipelines.tracked_runs
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.tracked_runs.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.training_checkpoints
	some object in objects
	some violation in data.lockgate.pipelines.training_checkpoints.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/training_checkpoints", found) if {
	not data.parameters.pipelines.training_checkpoints
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.training_checkpoints.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.training_limits
	some object in objects
	some violation in data.lockgate.pipelines.training_limits.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/training_limits", found) if {
	not data.parameters.pipelines.training_limits
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.training_limits.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.training_runtimes
	some object in objects
	some violation in data.lockgate.pipelines.training_runtimes.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/training_runtimes", found) if {
	not data.parameters.pipelines.training_runtimes
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.training_runtimes.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.workflow_accounts
	some object in objects
	some violation in data.lockgate.pipelines.workflow_accounts.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/workflow_accounts", found) if {
	not data.parameters.pipelines.workflow_accounts
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.workflow_accounts.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.workflow_inputs
	some object in objects
	some violation in data.lockgate.pipelines.workflow_inputs.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/workflow_inputs", found) if {
	not data.parameters.pipelines.workflow_inputs
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.workflow_inputs.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.workflow_patches
	some object in objects
	some violation in data.lockgate.pipelines.workflow_patches.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/workflow_patches", found) if {
	not data.parameters.pipelines.workflow_patches
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.workflow_patches.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.pipelines.workflow_resources
	some object in objects
	some violation in data.lockgate.pipelines.workflow_resources.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("pipelines/workflow_resources", found) if {
	not data.parameters.pipelines.workflow_resources
	found := [violation |
		some object in objects
		some violation in data.lockgate.pipelines.workflow_resources.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.approved_runtimes
	some object in objects
	some violation in data.lockgate.serving.approved_runtimes.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/approved_runtimes", found) if {
	not data.parameters.serving.approved_runtimes
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.approved_runtimes.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.canary_rollout
	some object in objects
	some violation in data.lockgate.serving.canary_rollout.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/canary_rollout", found) if {
	not data.parameters.serving.canary_rollout
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.canary_rollout.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.cloud_run_binary_authorization
	some object in objects
	some violation in data.lockgate.serving.cloud_run_binary_authorization.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/cloud_run_binary_authorization", found) if {
	not data.parameters.serving.cloud_run_binary_authorization
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.cloud_run_binary_authorization.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.concurrency_limits
	some object in objects
	some violation in data.lockgate.serving.concurrency_limits.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/concurrency_limits", found) if {
	not data.parameters.serving.concurrency_limits
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.concurrency_limits.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.exposed_consoles
	some object in objects
	some violation in data.lockgate.serving.exposed_consoles.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/exposed_consoles", found) if {
	not data.parameters.serving.exposed_consoles
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.exposed_consoles.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.inference_logging
	some object in objects
	some violation in data.lockgate.serving.inference_logging.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/inference_logging", found) if {
	not data.parameters.serving.inference_logging
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.inference_logging.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.lambda_code
	some object in objects
	some violation in data.lockgate.serving.lambda_code.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/lambda_code", found) if {
	not data.parameters.serving.lambda_code
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.lambda_code.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.legacy_inference_services
	some object in objects
	some violation in data.lockgate.serving.legacy_inference_services.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/legacy_inference_services", found) if {
	not data.parameters.serving.legacy_inference_services
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.legacy_inference_services.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.pinned_traffic
	some object in objects
	some violation in data.lockgate.serving.pinned_traffic.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/pinned_traffic", found) if {
	not data.parameters.serving.pinned_traffic
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.pinned_traffic.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.public_exposure
	some object in objects
	some violation in data.lockgate.serving.public_exposure.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/public_exposure", found) if {
	not data.parameters.serving.public_exposure
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.public_exposure.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.ray_access
	some object in objects
	some violation in data.lockgate.serving.ray_access.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/ray_access", found) if {
	not data.parameters.serving.ray_access
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.ray_access.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.ray_code_sources
	some object in objects
	some violation in data.lockgate.serving.ray_code_sources.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/ray_code_sources", found) if {
	not data.parameters.serving.ray_code_sources
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.ray_code_sources.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.ray_job_cleanup
	some object in objects
	some violation in data.lockgate.serving.ray_job_cleanup.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/ray_job_cleanup", found) if {
	not data.parameters.serving.ray_job_cleanup
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.ray_job_cleanup.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.ray_versions
	some object in objects
	some violation in data.lockgate.serving.ray_versions.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/ray_versions", found) if {
	not data.parameters.serving.ray_versions
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.ray_versions.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.sagemaker_approval
	some object in objects
	some violation in data.lockgate.serving.sagemaker_approval.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/sagemaker_approval", found) if {
	not data.parameters.serving.sagemaker_approval
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.sagemaker_approval.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.sagemaker_data_capture
	some object in objects
	some violation in data.lockgate.serving.sagemaker_data_capture.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/sagemaker_data_capture", found) if {
	not data.parameters.serving.sagemaker_data_capture
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.sagemaker_data_capture.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.serving.sagemaker_isolation
	some object in objects
	some violation in data.lockgate.serving.sagemaker_isolation.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("serving/sagemaker_isolation", found) if {
	not data.parameters.serving.sagemaker_isolation
	found := [violation |
		some object in objects
		some violation in data.lockgate.serving.sagemaker_isolation.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.topology.cross_zone_egress
	some object in objects
	some violation in data.lockgate.topology.cross_zone_egress.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("topology/cross_zone_egress", found) if {
	not data.parameters.topology.cross_zone_egress
	found := [violation |
		some object in objects
		some violation in data.lockgate.topology.cross_zone_egress.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.topology.traffic_distribution
	some object in objects
	some violation in data.lockgate.topology.traffic_distribution.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("topology/traffic_distribution", found) if {
	not data.parameters.topology.traffic_distribution
	found := [violation |
		some object in objects
		some violation in data.lockgate.topology.traffic_distribution.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.topology.training_placement
	some object in objects
	some violation in data.lockgate.topology.training_placement.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("topology/training_placement", found) if {
	not data.parameters.topology.training_placement
	found := [violation |
		some object in objects
		some violation in data.lockgate.topology.training_placement.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.topology.zone_spread
	some object in objects
	some violation in data.lockgate.topology.zone_spread.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("topology/zone_spread", found) if {
	not data.parameters.topology.zone_spread
	found := [violation |
		some object in objects
		some violation in data.lockgate.topology.zone_spread.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.workloads.container_rights
	some object in objects
	some violation in data.lockgate.workloads.container_rights.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("workloads/container_rights", found) if {
	not data.parameters.workloads.container_rights
	found := [violation |
		some object in objects
		some violation in data.lockgate.workloads.container_rights.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.workloads.fetched_code
	some object in objects
	some violation in data.lockgate.workloads.fetched_code.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("workloads/fetched_code", found) if {
	not data.parameters.workloads.fetched_code
	found := [violation |
		some object in objects
		some violation in data.lockgate.workloads.fetched_code.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.workloads.host_access
	some object in objects
	some violation in data.lockgate.workloads.host_access.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("workloads/host_access", found) if {
	not data.parameters.workloads.host_access
	found := [violation |
		some object in objects
		some violation in data.lockgate.workloads.host_access.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.workloads.host_ports
	some object in objects
	some violation in data.lockgate.workloads.host_ports.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("workloads/host_ports", found) if {
	not data.parameters.workloads.host_ports
	found := [violation |
		some object in objects
		some violation in data.lockgate.workloads.host_ports.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.workloads.immutable_images
	some object in objects
	some violation in data.lockgate.workloads.immutable_images.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("workloads/immutable_images", found) if {
	not data.parameters.workloads.immutable_images
	found := [violation |
		some object in objects
		some violation in data.lockgate.workloads.immutable_images.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.workloads.no_sign_in
	some object in objects
	some violation in data.lockgate.workloads.no_sign_in.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("workloads/no_sign_in", found) if {
	not data.parameters.workloads.no_sign_in
	found := [violation |
		some object in objects
		some violation in data.lockgate.workloads.no_sign_in.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.workloads.resource_bounds
	some object in objects
	some violation in data.lockgate.workloads.resource_bounds.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("workloads/resource_bounds", found) if {
	not data.parameters.workloads.resource_bounds
	found := [violation |
		some object in objects
		some violation in data.lockgate.workloads.resource_bounds.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.workloads.verification_off
	some object in objects
	some violation in data.lockgate.workloads.verification_off.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("workloads/verification_off", found) if {
	not data.parameters.workloads.verification_off
	found := [violation |
		some object in objects
		some violation in data.lockgate.workloads.verification_off.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}
