# METADATA
# title: SageMaker runs models and jobs in isolation
# description: |
#   A container that SageMaker runs has the rights of its role and, unless told otherwise, the internet. Models, jobs for training, tuning
#   and processing, and the definitions of monitoring jobs must say `enableNetworkIsolation: true`, by which the container reaches nothing
#   at all (those that ask an endpoint for answers are left out), and with `requireVPC` name subnets and security groups of yours in `vpcConfig`. Training and tuning on
#   more than one instance must encrypt what goes between them (`encryptInterContainerTraffic`) where `requireEncryption` is true. Notebook
#   instances must have `directInternetAccess: Disabled`.
#
#   `requireIsolation: false` leaves out network isolation, for models that call other services. An update that leaves the spec as it was
#   is not judged.
#
#   Not covered: what the role may do, what the security groups let through, and resources that are made elsewhere than by these manifests.
# related_resources:
#   - ref: https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
#     description: Containers without a network in SageMaker
# custom:
#   id: LG-S003
#   severity: high
#   external: false
#   systems: [aws-ack, sagemaker]
#   controls:
#     - NIST SP 800-53 SC-7 (boundary protection)
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
package lockgate.serving.sagemaker_isolation

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "container is not cut off from the network", settings.shown(value), why, fix) if {
	not updates.unchanged
	not review.parameters.requireIsolation == false
	some one in networks
	not one.kind in calling
	path := array.concat(one.path, ["enableNetworkIsolation"])
	value := workloads.value_at(path)
	not settings.on(value)
	why := "code in the image or in the model can send data to the internet with the rights of its role"
	fix := "set enableNetworkIsolation: true"
}

violation contains report.violation(path, "container runs outside of your network", settings.shown(workloads.value_at(path)), why, fix) if {
	not updates.unchanged
	review.parameters.requireVPC == true
	some one in networks
	path := array.concat(one.path, ["vpcConfig"])
	not in_network(workloads.value_at(path))
	why := "its traffic passes no security group and no log of yours"
	fix := "set vpcConfig.subnets and vpcConfig.securityGroupIDs"
}

violation contains report.violation(path, "traffic between instances is not encrypted", settings.shown(value), why, fix) if {
	not updates.unchanged
	review.parameters.requireEncryption == true
	some one in trainings
	several(one.path)
	path := array.concat(one.path, ["enableInterContainerTrafficEncryption"])
	value := workloads.value_at(path)
	not settings.on(value)
	why := "gradients and data go over the network in the clear"
	fix := "set enableInterContainerTrafficEncryption: true"
}

violation contains report.violation(path, "notebook reaches the internet", settings.shown(value), why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "sagemaker.services.k8s.aws/NotebookInstance"
	path := array.concat(at.path, ["spec", "directInternetAccess"])
	value := workloads.value_at(path)
	value != "Disabled"
	not settings.unknown(value)
	why := "whoever opens it can bring code in and take data out"
	fix := "set directInternetAccess: Disabled, with subnetID and securityGroupIDs"
}

# These ask an endpoint for answers, which they could not without a network.
calling := {"sagemaker.services.k8s.aws/ModelBiasJobDefinition", "sagemaker.services.k8s.aws/ModelExplainabilityJobDefinition"}

# Where the settings of a network stand, by kind.
network_patterns := {
	"sagemaker.services.k8s.aws/DataQualityJobDefinition": [["spec", "networkConfig"]],
	"sagemaker.services.k8s.aws/HyperParameterTuningJob": [["spec", "trainingJobDefinition"]],
	"sagemaker.services.k8s.aws/Model": [["spec"]],
	"sagemaker.services.k8s.aws/ModelBiasJobDefinition": [["spec", "networkConfig"]],
	"sagemaker.services.k8s.aws/ModelExplainabilityJobDefinition": [["spec", "networkConfig"]],
	"sagemaker.services.k8s.aws/ModelQualityJobDefinition": [["spec", "networkConfig"]],
	"sagemaker.services.k8s.aws/MonitoringSchedule": [["spec", "monitoringScheduleConfig", "monitoringJobDefinition", "networkConfig"]],
	"sagemaker.services.k8s.aws/ProcessingJob": [["spec", "networkConfig"]],
	"sagemaker.services.k8s.aws/TrainingJob": [["spec"]],
}

networks := array.concat(
	[{"path": array.concat(at.path, rest), "kind": at.name} |
		some at in workloads.objects
		some rest in network_patterns[at.name]
		defined(at, rest)
	],
	tuned,
)

# A tuning job may have several definitions of jobs in place of one.
tuned := [{"path": path, "kind": tuning} |
	some at in workloads.objects
	at.name == tuning
	some path in workloads.below(array.concat(at.path, ["spec", "trainingJobDefinitions"]), [])
]

tuning := "sagemaker.services.k8s.aws/HyperParameterTuningJob"

# A schedule may name a definition that is judged by itself, and a tuning job with a list has no single one.
defined(at, _) if not at.name in {tuning, schedule}

defined(at, _) if {
	at.name == schedule
	object.get(at.value, ["spec", "monitoringScheduleConfig", "monitoringJobDefinition"], null) != null
}

defined(at, rest) if {
	at.name == tuning
	object.get(at.value, rest, null) != null
}

schedule := "sagemaker.services.k8s.aws/MonitoringSchedule"

trainings := array.concat(
	[{"path": array.concat(at.path, ["spec"]), "kind": at.name} |
		some at in workloads.objects
		at.name == "sagemaker.services.k8s.aws/TrainingJob"
	],
	[one |
		some one in networks
		one.kind == tuning
	],
)

several(path) if {
	number := workloads.value_at(array.concat(path, ["resourceConfig", "instanceCount"]))
	number != 1
	number != null
}

several(path) if {
	is_array(workloads.value_at(array.concat(path, ["resourceConfig", "instanceGroups"])))
}

in_network(value) if {
	every fields in [["subnets", "subnetRefs"], ["securityGroupIDs", "securityGroupRefs"]] {
		some field in fields
		some _ in value[field]
	}
}
