package lockgate.serving.exposed_consoles_test

import data.lockgate.serving.exposed_consoles as rule

service(name, spec) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "ml"}, "spec": object.union({"type": "LoadBalancer"}, spec)}

said(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_by_port if {
	said(service("a", {"ports": [{"port": 8265}]}), {}) == {"Ray's dashboard is open to the internet"}
	said(service("a", {"ports": [{"port": 80, "targetPort": 5432}]}), {}) == {"PostgreSQL is open to the internet"}
	said(service("a", {"ports": [{"name": "torchserve-management", "port": 8081}]}), {}) == {"the management of a model server is open to the internet"}
	said(service("a", {"ports": [{"port": 80, "targetPort": "http"}]}), {}) == set()
	said(service("a", {"type": "ClusterIP", "ports": [{"port": 8265}]}), {}) == set()
}

test_by_words if {
	said(service("tracking", {"selector": {"app": "mlflow"}, "ports": [{"port": 80}]}), {}) == {"MLflow is open to the internet"}
	said(service("tensorflow-jupyter", {}), {}) == {"Jupyter is open to the internet"}
	said(service("a", {"selector": {"ray.io/node-type": "head"}}), {}) == {"Ray's head is open to the internet"}
	said(service("ml-pipeline-ui", {}), {}) == {"Kubeflow Pipelines is open to the internet"}
	every name in ["frontend", "gradio-service", "notebooks-frontend", "flow", 7] {
		said(service(name, {"selector": "odd", "ports": [{"port": 80}]}), {}) == set()
	}
}

inside(name, value) := object.union(service("mlflow", {}), {"metadata": {"annotations": {name: value}}})

test_balancers_for_inside if {
	every pair in [
		["networking.gke.io/load-balancer-type", "Internal"], ["service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"],
		["service.beta.kubernetes.io/azure-load-balancer-internal", "true"], ["networking.gke.io/load-balancer-type", "${TYPE}"],
	] {
		said(inside(pair[0], pair[1]), {}) == set()
	}
	every pair in [["networking.gke.io/load-balancer-type", "External"], ["service.beta.kubernetes.io/aws-load-balancer-scheme", "internet-facing"]] {
		count(said(inside(pair[0], pair[1]), {})) == 1
	}
	said(service("mlflow", {"loadBalancerClass": "tailscale"}), {}) == set()
	said(service("mlflow", {"loadBalancerSourceRanges": ["203.0.113.0/24"]}), {}) == set()
	every ranges in [[], ["0.0.0.0/0"], ["203.0.113.0/24", "::/0"], "odd", [7]] {
		count(said(service("mlflow", {"loadBalancerSourceRanges": ranges}), {})) == 1
	}
}

test_external_addresses if {
	said(service("a", {"type": "ClusterIP", "externalIPs": ["203.0.113.7"]}), {}) == {"Service draws traffic for addresses outside"}
	said(service("a", {"type": "ClusterIP", "externalIPs": []}), {}) == set()
}

test_what_is_left_out if {
	said(service("mlflow", {}), {"allowedServices": ["ml/mlflow"]}) == set()
	count(said(service("mlflow", {}), {"allowedServices": ["other/mlflow"]})) == 1
	made := object.union(service("mlflow", {}), {"metadata": {"ownerReferences": [{"kind": "RayCluster", "name": "r", "controller": true}]}})
	said(made, {}) == set()
	kept := {"object": service("mlflow", {}), "oldObject": service("mlflow", {}), "operation": "UPDATE"}
	count({1 | some _ in rule.violation with input as {"review": kept}}) == 0
}

ingress(metadata, spec) := {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": object.union({"name": "i"}, metadata), "spec": spec}

leading(name, port) := {"rules": [{"http": {"paths": [{"path": "/", "backend": {"service": {"name": name, "port": {"number": port}}}}]}}]}

test_ingresses if {
	said(ingress({}, leading("mlflow", 80)), {}) == {"MLflow is open to the internet"}
	said(ingress({}, leading("a-head-svc", 80)), {}) == {"Ray's dashboard is open to the internet"}
	said(ingress({}, leading("a", 8265)), {}) == {"Ray's dashboard is open to the internet"}
	said(ingress({}, {"defaultBackend": {"service": {"name": "jupyter"}}}), {}) == {"Jupyter is open to the internet"}
	said(object.union(ingress({}, {"backend": {"serviceName": "a", "servicePort": 2746}}), {"apiVersion": "extensions/v1beta1"}), {}) == {"Argo's server is open to the internet"}
	said(ingress({}, leading("web", 80)), {}) == set()
	every annotations in [
		{"nginx.ingress.kubernetes.io/auth-url": "https://auth.example.com"}, {"alb.ingress.kubernetes.io/scheme": "internal"}, {"kubernetes.io/ingress.class": "gce-internal"},
		{"nginx.ingress.kubernetes.io/whitelist-source-range": "10.0.0.0/8"},
	] {
		said(ingress({"annotations": annotations}, leading("mlflow", 80)), {}) == set()
	}
	count(said(ingress({"annotations": {"alb.ingress.kubernetes.io/scheme": "internet-facing"}}, leading("mlflow", 80)), {})) == 1
	said(ingress({}, object.union(leading("mlflow", 80), {"ingressClassName": "nginx-internal"})), {}) == set()
}
