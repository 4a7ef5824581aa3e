# METADATA
# title: Consoles and databases are not open to the internet
# description: |
#   Ray's dashboard, MLflow, Jupyter, TensorBoard, the management port of TorchServe, servers of Argo, Kubeflow's pages, Prometheus and databases ask nobody who comes, or
#   are guarded by a password alone. A Service of `type: LoadBalancer` puts them on the internet: whoever finds the address runs code, registers models or reads the data.
#   They are told by their port and by words in the Service's name, labels and selector; an Ingress is told by the Service that it leads to.
#
#   Accepted are balancers for inside (the annotations of GKE, AWS, Azure, OCI, IBM, Alibaba and OpenStack, `loadBalancerClass: tailscale`), those with
#   `loadBalancerSourceRanges` that are not everybody, and an Ingress with an annotation that has people sign in, or restricts who may come. `externalIPs` are refused for every
#   Service, since they draw traffic that is meant for others. `allowedServices` names Services and Ingresses as `namespace/name`.
#
#   A Service that a controller made is judged where it was asked for. An update that leaves the spec as it was is not judged.
#
#   Not covered: Gateways and their routes, NodePorts behind a firewall, and web pages and models that are meant for all.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer
#     description: Internal load balancers
#   - ref: https://docs.ray.io/en/latest/ray-security/index.html
#     description: Security of Ray
# custom:
#   id: LG-S020
#   severity: critical
#   external: false
#   systems: [argo-workflows, kubeflow-notebooks, kubeflow-pipelines, kubernetes, mlflow, prometheus, ray]
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 SC-7 (boundary protection)
package lockgate.serving.exposed_consoles

import data.lib.lockgate.owners
import data.lib.lockgate.placed
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, sprintf("%s is open to the internet", [console]), "LoadBalancer", why, fix) if {
	some service in judged("/Service")
	service.value.spec.type == "LoadBalancer"
	not is_internal(service.value)
	not is_restricted(service.value.spec)
	console := told_by(service.value)
	path := array.concat(service.path, ["spec", "type"])
	why := "whoever finds the address uses it, and most of these ask nobody who they are"
	fix := "leave it a ClusterIP, or give it the annotation of an internal balancer or loadBalancerSourceRanges"
}

violation contains report.violation(path, "Service draws traffic for addresses outside", "externalIPs", why, fix) if {
	some service in judged("/Service")
	addresses := service.value.spec.externalIPs
	not addresses in [null, []]
	path := array.concat(service.path, ["spec", "externalIPs"])
	why := "whoever may make a Service takes what others send to these addresses"
	fix := "leave out externalIPs, and use a balancer"
}

violation contains report.violation(path, sprintf("%s is open to the internet", [console]), name, why, fix) if {
	some kind in ["networking.k8s.io/Ingress", "extensions/Ingress"]
	some ingress in judged(kind)
	not is_guarded(ingress.value)
	some [inner, name, port] in backends(ingress.value)
	console := words_tell(name, port)
	path := array.concat(ingress.path, inner)
	why := "nothing on the way asks who comes, and most of these ask nobody either"
	fix := "have people sign in (nginx.ingress.kubernetes.io/auth-url and the like), or make the Ingress internal"
}

judged(name) := [at |
	not updates.unchanged_annotated
	some at in workloads.objects
	at.name == name
	is_object(at.value.spec)
	not owners.controlled(at.value)
	not sprintf("%s/%s", [placed.namespace, workloads.text(at.value.metadata.name)]) in allowed
]

allowed := {name | some name in object.get(review.parameters, "allowedServices", [])}

# The ports by which a console is known by itself.
ports := {
	2375: "Docker", 2379: "etcd", 2746: "Argo's server", 3306: "MySQL", 5432: "PostgreSQL", 6379: "Redis", 8265: "Ray's dashboard",
	9090: "Prometheus", 9092: "Kafka", 9093: "Alertmanager", 9200: "Elasticsearch", 10001: "Ray's client port", 10250: "kubelet", 11211: "memcached",
	27017: "MongoDB",
}

# Words, as parts of names, and what they are of.
words := {
	"alertmanager": "Alertmanager", "argo-server": "Argo's server", "jupyter": "Jupyter", "jupyterlab": "Jupyter", "katib-ui": "Katib",
	"kubernetes-dashboard": "Kubernetes' dashboard", "minio": "MinIO", "ml-pipeline": "Kubeflow Pipelines", "ml-pipeline-ui": "Kubeflow Pipelines", "mlflow": "MLflow",
	"model-registry": "the model registry", "mongodb": "MongoDB", "mysql": "MySQL", "notebook": "Jupyter", "pgvector": "PostgreSQL", "postgres": "PostgreSQL",
	"postgresql": "PostgreSQL", "prometheus": "Prometheus", "pushgateway": "Prometheus", "ray-dashboard": "Ray's dashboard", "raycluster": "Ray", "redis": "Redis",
	"tensorboard": "TensorBoard", "torchserve": "TorchServe",
}

told_by(service) := names[0] if {
	names := sort(((({name |
		some port in service.spec.ports
		some number in [object.get(port, "port", null), object.get(port, "targetPort", null)]
		name := ports[number]
	} | management(service)) | {word_of(text) |
		some text in texts(service)
		word_of(text)
	}) | {"Ray's head" | service.spec.selector["ray.io/node-type"] == "head"}))
	count(names) > 0
}

# Models are registered by it.
management(service) := {"the management of a model server" |
	some port in service.spec.ports
	regex.match(`(^|-)(management|mgmt|admin|dashboard)(-|$)`, workloads.text(port.name))
}

texts(service) := [text |
	some place in [["metadata"], ["metadata", "labels"], ["spec", "selector"]]
	some name, text in settings.fields(object.get(service, place, {}))
	is_string(text)
	name in {true: {"name"}, false: {name}}[place == ["metadata"]]
]

word_of(text) := words[word] if {
	is_string(text)
	some word, _ in words
	contains(sprintf("-%s-", [regex.replace(lower(text), `[._/ ]`, "-")]), sprintf("-%s-", [word]))
	not longer(text, word)
}

# Where two words are parts of a name, the longer one tells.
longer(text, word) if {
	some other, _ in words
	count(other) > count(word)
	contains(other, word)
	contains(lower(text), other)
}

words_tell(name, _) := word_of(name)

words_tell(name, port) := ports[port] if not word_of(name)

words_tell(name, port) := "Ray's dashboard" if {
	not word_of(name)
	not ports[port]
	regex.match(`ray.*-head-svc$|-head-svc$`, workloads.text(name))
}

backends(ingress) := array.concat(
	[[["spec", "rules", i, "http", "paths", j, "backend"], name_of(route.backend), port_of(route.backend)] |
		some i, rule in ingress.spec.rules
		some j, route in rule.http.paths
		is_object(route.backend)
	],
	[[["spec", field], name_of(ingress.spec[field]), port_of(ingress.spec[field])] |
		some field in ["backend", "defaultBackend"]
		is_object(ingress.spec[field])
	],
)

name_of(backend) := object.get(backend, ["service", "name"], object.get(backend, "serviceName", ""))

port_of(backend) := object.get(backend, ["service", "port", "number"], object.get(backend, "servicePort", 0))

# By provider, the annotation of a balancer that only its network reaches.
inside_by := {
	"cloud.google.com/load-balancer-type": "^internal$",
	"load-balancer.hetzner.cloud/disable-public-network": "^true$",
	"networking.gke.io/load-balancer-type": "^internal$",
	"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "^intranet$",
	"service.beta.kubernetes.io/aws-load-balancer-internal": "^(true|0\\.0\\.0\\.0/0)$",
	"service.beta.kubernetes.io/aws-load-balancer-scheme": "^internal$",
	"service.beta.kubernetes.io/azure-load-balancer-internal": "^true$",
	"service.beta.kubernetes.io/oci-load-balancer-internal": "^true$",
	"service.beta.kubernetes.io/openstack-internal-load-balancer": "^true$",
	"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": "^private$",
}

is_internal(service) if {
	some name, pattern in inside_by
	value := service.metadata.annotations[name]
	says(value, pattern)
}

is_internal(service) if service.spec.loadBalancerClass == "tailscale"

says(value, _) if settings.unknown(value)

says(value, pattern) if regex.match(pattern, lower(workloads.text(value)))

is_restricted(spec) if {
	ranges := spec.loadBalancerSourceRanges
	is_array(ranges)
	count(ranges) > 0
	every range in ranges {
		not trim_space(workloads.text(range)) in {"", "0.0.0.0/0", "::/0"}
	}
}

is_guarded(ingress) if {
	some name, value in ingress.metadata.annotations
	regex.match(`(auth|oidc|sso|iap|allowlist|whitelist|source-range|inbound-cidrs|middlewares|forward)`, workloads.text(name))
	settings.text(value)
}

is_guarded(ingress) if {
	some name in ["alb.ingress.kubernetes.io/scheme", "kubernetes.io/ingress.class"]
	says(ingress.metadata.annotations[name], `(^|-)internal$`)
}

is_guarded(ingress) if regex.match(`(internal|tailscale|private)`, workloads.text(ingress.spec.ingressClassName))
