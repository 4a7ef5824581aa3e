package lockgate.cost.instance_types_test

import data.lockgate.cost.instance_types as rule

said(judged, environment, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": object.union({"metadata": {"labels": {"env": environment}}}, judged)}, "parameters": parameters}
}

unapproved := {"accelerator or machine is not approved"}

costly := {"development asks for what is dear"}

fleeting := {"production serves from nodes that may be taken away"}

full := {"development holds accelerators on nodes of full price"}

pod(spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}

selecting(label, value) := pod({"nodeSelector": {label: value}})

test_dear_in_development if {
	every value in ["nvidia-h100-80gb", "NVIDIA-H200", "nvidia-b200", "amd-mi300x"] {
		said(selecting("cloud.google.com/gke-accelerator", value), "dev", {}) == costly
		said(selecting("nvidia.com/gpu.product", value), "dev", {}) == costly
	}
	said(selecting("node.kubernetes.io/instance-type", "p5.48xlarge"), "dev", {}) == costly
	said(selecting("node.kubernetes.io/instance-type", "Standard_ND96isr_H100_v5"), "dev", {}) == costly
	said(selecting("cloud.google.com/gke-accelerator", "nvidia-l4"), "dev", {}) == set()
	said(selecting("example.com/pool", "h100"), "dev", {}) == set()
	every environment in ["prod", "staging"] {
		said(selecting("cloud.google.com/gke-accelerator", "nvidia-h100-80gb"), environment, {}) == set()
	}
	said(selecting("cloud.google.com/gke-accelerator", "nvidia-a100"), "dev", {"dear": ["*a100*"]}) == costly
	said(selecting("cloud.google.com/gke-accelerator", "nvidia-h100-80gb"), "dev", {"dear": []}) == set()
	said(selecting("cloud.google.com/gke-accelerator", "nvidia-h100-80gb"), "x", {"assumed": "development"}) == costly
}

wants(values) := pod({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "cloud.google.com/gke-accelerator", "operator": "In", "values": values}]}]}}}})

test_affinity if {
	said(wants(["nvidia-l4", "nvidia-h100-80gb"]), "dev", {}) == costly
	said(wants(["nvidia-l4"]), "dev", {}) == set()
}

test_allowed_in_every_tier if {
	every environment in ["dev", "prod", "staging"] {
		said(selecting("cloud.google.com/gke-accelerator", "nvidia-l4"), environment, {"allowed": ["nvidia-l4", "*t4*"]}) == set()
		said(selecting("cloud.google.com/gke-accelerator", "nvidia-a100"), environment, {"allowed": ["nvidia-l4", "*t4*"]}) == unapproved
		said(selecting("cloud.google.com/gke-accelerator", "nvidia-l4"), environment, {"allowed": []}) == unapproved
	}
	said(selecting("cloud.google.com/gke-accelerator", "${ACCELERATOR}"), "dev", {"allowed": []}) == set()
}

connector(config) := {"apiVersion": "container.cnrm.cloud.google.com/v1beta1", "kind": "ContainerNodePool", "metadata": {}, "spec": {"nodeConfig": config}}

karpenter(requirement) := {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {}, "spec": {"template": {"spec": {"requirements": [requirement, "x", null]}}}}

sagemaker(kind, spec) := {"apiVersion": "sagemaker.services.k8s.aws/v1alpha1", "kind": kind, "metadata": {}, "spec": spec}

test_other_kinds if {
	said(connector({"machineType": "a3-highgpu-8g"}), "dev", {}) == costly
	said(connector({"machineType": "g2-standard-8", "guestAccelerator": [{"type": "nvidia-h100-80gb", "count": 8}]}), "dev", {}) == costly
	said(connector({"machineType": "g2-standard-8"}), "dev", {"allowed": ["g2-*"]}) == set()
	said(karpenter({"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["g5.xlarge", "p5.48xlarge"]}), "dev", {}) == costly
	said(karpenter({"key": "node.kubernetes.io/instance-type", "operator": "NotIn", "values": ["p5.48xlarge"]}), "dev", {}) == set()
	said(sagemaker("NotebookInstance", {"instanceType": "ml.p5.48xlarge"}), "dev", {}) == costly
	said(sagemaker("TrainingJob", {"resourceConfig": {"instanceType": "ml.p5.48xlarge"}}), "dev", {}) == costly
	said(sagemaker("EndpointConfig", {"productionVariants": [{"instanceType": "ml.m5.large"}, {"instanceType": "ml.p5.48xlarge"}]}), "dev", {}) == costly
	said(sagemaker("EndpointConfig", {"productionVariants": [{"instanceType": "$TYPE"}, {"instanceType": 7}, null]}), "dev", {}) == set()
}

deployment(spec) := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}, "spec": {"template": {"spec": spec}}}

spot := {"nodeSelector": {"cloud.google.com/gke-spot": "true"}}

test_spot_in_production if {
	said(deployment(spot), "prod", {}) == fleeting
	said(deployment(spot), "prod", {"serveOnSpot": true}) == set()
	said(deployment(spot), "dev", {}) == set()
	said(deployment({"tolerations": [{"key": "cloud.google.com/gke-spot", "operator": "Exists"}]}), "prod", {}) == set()
	said({"apiVersion": "batch/v1", "kind": "Job", "metadata": {}, "spec": {"template": {"spec": spot}}}, "prod", {}) == set()
}

test_spot_in_development if {
	gpu := {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}
	said(deployment(gpu), "dev", {}) == set()
	said(deployment(gpu), "dev", {"developmentOnSpot": true}) == full
	said(deployment(object.union(gpu, spot)), "dev", {"developmentOnSpot": true}) == set()
	said(deployment({"containers": [{"name": "c"}]}), "dev", {"developmentOnSpot": true}) == set()
	said(deployment(gpu), "prod", {"developmentOnSpot": true}) == set()
}

test_the_tier_of_an_object_inside if {
	listed := {"apiVersion": "v1", "kind": "List", "items": [object.union(deployment(spot), {"metadata": {"namespace": "shop", "labels": {"env": "prod"}}}), deployment(spot)]}
	found := {violation.details.path[1] | some violation in rule.violation with input as {"review": {"object": listed}, "parameters": {}}}
	found == {0}
}

test_updates if {
	old := object.union(deployment(spot), {"metadata": {"labels": {"env": "prod"}}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(old, {"status": {}}), "oldObject": old}, "parameters": {}}
}
