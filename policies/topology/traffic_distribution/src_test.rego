package lockgate.topology.traffic_distribution_test

import data.lockgate.topology.traffic_distribution as rule

service(spec, annotations) := {
	"apiVersion": "v1",
	"kind": "Service",
	"metadata": {"name": "s", "annotations": annotations},
	"spec": spec,
}

# What is said of a Service: the path, and the text before " at ".
said(judged, parameters) := {[concat(".", [sprintf("%v", [step]) | some step in violation.details.path]), split(violation.msg, " at ")[0]] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

place := "spec.trafficDistribution"

none := "traffic distribution is none that Kubernetes has"

old := "traffic distribution is not known to this Kubernetes version"

# Value and version, and what is said of it.
values := [
	["PreferClose", "1.30", {[place, old]}],
	["PreferClose", "1.31", set()],
	["PreferClose", "1.35", set()],
	["PreferSameZone", "1.33", {[place, old]}],
	["PreferSameZone", "v1.34.2", set()],
	["PreferSameNode", "1.34+", set()],
	["PreferSameNode", "1.31.0-gke.1", {[place, old]}],
	["preferclose", "1.34", {[place, none]}],
	["", "1.34", {[place, none]}],
	[7, "1.34", {[place, none]}],
	[{"a": "b"}, "1.34", {[place, none]}],
]

test_values if {
	every row in values {
		said(service({"trafficDistribution": row[0]}, {}), {"kubernetesVersion": row[1]}) == row[2]
	}
}

test_version_is_needed if {
	every parameters in [{}, {"kubernetesVersion": "latest"}, {"kubernetesVersion": 1.34}, {"kubernetesVersion": "2.1"}] {
		said(service({"trafficDistribution": "PreferClose"}, {}), parameters) == {[place, "the Kubernetes version is not known"]}
	}
}

test_deprecated if {
	judged := service({"trafficDistribution": "PreferClose"}, {})
	what := "traffic distribution has a deprecated name"
	said(judged, {"kubernetesVersion": "1.34", "deprecated": "refuse"}) == {[place, what]}
	said(judged, {"kubernetesVersion": "1.33", "deprecated": "refuse"}) == set()
}

test_deprecated_annotation if {
	name := "service.kubernetes.io/topology-aware-hints"
	judged := service({}, {name: "auto"})
	said(judged, {"kubernetesVersion": "1.34"}) == set()
	said(judged, {"kubernetesVersion": "1.34", "deprecated": "refuse"}) == {[concat(".", ["metadata.annotations", name]), "annotation has a deprecated name"]}
}

test_local_only if {
	judged := service({"internalTrafficPolicy": "Local"}, {})
	said(judged, {"kubernetesVersion": "1.34"}) == set()
	said(judged, {"kubernetesVersion": "1.34", "localOnly": "refuse"}) == {["spec.internalTrafficPolicy", "requests go to the same node only"]}
	said(service({"internalTrafficPolicy": "Cluster"}, {}), {"kubernetesVersion": "1.34", "localOnly": "refuse"}) == set()
}

test_annotations if {
	every name in ["service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"] {
		every value in ["Auto", "auto"] {
			judged := service({"trafficDistribution": "PreferSameZone"}, {name: value})
			what := "annotation overrides spec.trafficDistribution"
			said(judged, {"kubernetesVersion": "1.34"}) == {[concat(".", ["metadata.annotations", name]), what]}
		}
		said(service({"trafficDistribution": "PreferSameZone"}, {name: "Disabled"}), {"kubernetesVersion": "1.34"}) == set()
		said(service({}, {name: "Auto"}), {"kubernetesVersion": "1.34"}) == set()
	}
}

test_topology_keys if {
	judged := service({"topologyKeys": ["kubernetes.io/hostname"]}, {})
	what := "topologyKeys is not a field of Services any more"
	said(judged, {"kubernetesVersion": "1.34"}) == {["spec.topologyKeys", what]}
}

test_required if {
	parameters := {"kubernetesVersion": "1.34", "require": "always"}
	said(service({}, {}), parameters) == {[place, "Service has no traffic distribution"]}
	said(service({"clusterIP": "None"}, {}), parameters) == set()
	said(service({"type": "ExternalName"}, {}), parameters) == set()
	said(service({}, {}), {"kubernetesVersion": "1.34"}) == set()
}

test_embedded if {
	wrapper := {
		"apiVersion": "workload.codeflare.dev/v1beta2",
		"kind": "AppWrapper",
		"spec": {"components": [{"template": service({"trafficDistribution": "Near"}, {})}]},
	}
	said(wrapper, {"kubernetesVersion": "1.34"}) == {["spec.components.0.template.spec.trafficDistribution", none]}
}
