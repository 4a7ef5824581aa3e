# METADATA
# title: Training that may be stopped goes on from a checkpoint
# description: |
#   Nodes that may be taken away at any moment (spot, preemptible) are cheap only for work that goes on where it was stopped: without a checkpoint the devices of all hours
#   before are paid for twice. Kubeflow's training jobs, TrainJobs' patches, JobSets, RayJobs and, where they ask for devices, Jobs whose pods select or tolerate
#   such nodes must keep what they have learned. One of these shows that they do:
#
#   - a volume that outlives the pod (a PersistentVolumeClaim, NFS, CSI and the like), mounted so that it can be written;
#   - an argument, a variable or a runtime environment that names a checkpoint (`checkpoint`, `ckpt`, `resume`), or a place in a store (`s3://`, `gs://`).
#
#   With `nodes: all` jobs on any nodes must show it.
#
#   Pods of one job are taken together: what one of them shows counts for all. An update that changes nothing but metadata and status is not judged. Not covered:
#   whether the program does write checkpoints and read them, nodes that a queue or a runtime chooses, and a template that a TrainJob refers to.
# related_resources:
#   - ref: https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms
#     description: Spot VMs of GKE
#   - ref: https://docs.ray.io/en/latest/train/user-guides/checkpoints.html
#     description: Checkpoints of Ray Train
# custom:
#   id: LG-P022
#   severity: low
#   external: false
#   controls:
#     - NIST SP 800-53 CP-9 (system backup)
#     - FinOps (rate optimization)
#   systems: [kubeflow-trainer, kubernetes, ray]
package lockgate.pipelines.training_checkpoints

import data.lib.lockgate.devices
import data.lib.lockgate.owners
import data.lib.lockgate.placement
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(place.path, "training may be stopped, and has no checkpoint", place.value, why, fix) if {
	not updates.unchanged
	some job in jobs
	some place in places(job)
	not keeps(job)
	why := "what it has learned until a node is taken away is lost, and its devices are paid for again"
	fix := "write checkpoints to a volume that stays or to a store, and name the place in an argument"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

jobs := [at |
	some at in workloads.objects
	trains(at)
	not owners.controlled(at.value)
]

trains(at) if at.name in training

trains(at) if {
	at.name == "batch/Job"
	devices.asked_for(at.path)
}

training := {
	"jobset.x-k8s.io/JobSet", "kubeflow.org/JAXJob", "kubeflow.org/MPIJob", "kubeflow.org/PaddleJob", "kubeflow.org/PyTorchJob", "kubeflow.org/TFJob",
	"kubeflow.org/XGBoostJob", "ray.io/RayJob", "trainer.kubeflow.org/TrainJob",
}

# The first place of each job.
places(job) := array.slice([one | some one in placement.preemptible; inside(one.path, job)], 0, 1) if {
	object.get(review.parameters, "nodes", "preemptible") == "preemptible"
} else := [{"path": array.concat(job.path, ["spec"]), "value": "on any nodes"}]

inside(path, holder) if array.slice(path, 0, count(holder.path)) == holder.path

keeps(job) if {
	some pod in workloads.pods
	inside(pod.path, job)
	lasting(pod)
}

# What says where checkpoints are: anything below the pods' containers, and what stands in the job as text.
keeps(job) if {
	some text in texts(job)
	regex.match(`(?i)(checkpoint|ckpt|resume|(^|[=\s"'])(s3|gs|gcs|abfss?|azure|hdfs|oss)://)`, text)
}

lasting(pod) if {
	some volume in workloads.children(array.concat(pod.path, ["volumes"]))
	is_object(volume)
	some source in object.keys(volume)
	source in stays
	some field in ["containers", "initContainers"]
	some container in workloads.children(array.concat(pod.path, [field]))
	some mount in container.volumeMounts
	mount.name == volume.name
	not object.get(mount, "readOnly", false) == true
}

stays := {"awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "csi", "gcePersistentDisk", "glusterfs", "iscsi", "nfs", "persistentVolumeClaim", "portworxVolume"}

texts(job) := array.concat(
	[text |
		some container in workloads.containers
		inside(container.path, job)
		some field in ["args", "command", "env", "envFrom"]
		walk(object.get(settings.fields(container.value), field, null), [_, text])
		is_string(text)
	],
	[text |
		some field in ["entrypoint", "runtimeEnvYAML"]
		text := settings.fields(job.value.spec)[field]
		is_string(text)
	],
)
