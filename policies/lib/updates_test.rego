package lib.lockgate.updates_test

import data.lib.lockgate.updates

claim := {
	"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim",
	"metadata": {"name": "c", "annotations": {"serving.kserve.io/exp-dra-device-class": "a", "b": "c"}},
	"spec": {"devices": {"requests": []}},
	"status": {},
}

updated(patch) if updates.unchanged with input as {"review": {
	"operation": "UPDATE", "object": object.union(claim, patch), "oldObject": claim,
}}

test_what_is_said_about_an_object_changes_nothing if {
	updated({})
	updated({"metadata": {"finalizers": ["resource.kubernetes.io/delete-protection"], "annotations": {"b": "d"}}})
	updated({"status": {"allocation": {}}})
}

test_what_is_asked_for_does if {
	not updated({"spec": {"devices": {"requests": [{"name": "gpu"}]}}})
	not updated({"metadata": {"annotations": {"serving.kserve.io/exp-dra-device-class": "b"}}})
	not updated({"template": {}})
}

marked(name) if updated({"metadata": {"annotations": {name: "x"}}})

test_annotations_and_labels_that_ask if {
	marked("example.com/note")
	not marked("cdi.k8s.io/gpu")
	not marked("nvidia.cdi.k8s.io/gpu")
	not marked("autoscaling.knative.dev/min-scale")
	not marked("service.kubernetes.io/topology-mode")
	not marked("alpha.jobset.sigs.k8s.io/exclusive-topology")
	not updated({"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "q"}}})
	updated({"metadata": {"labels": {"app": "q"}}})
}

annotated(patch) if updates.unchanged_annotated with input as {"review": {
	"operation": "UPDATE", "object": object.union(claim, patch), "oldObject": claim,
}}

test_annotations_that_a_rule_goes_by if {
	annotated({"metadata": {"finalizers": ["example.com/cleanup"], "labels": {"a": "b"}}, "status": {"a": "b"}})
	not annotated({"metadata": {"annotations": {"b": "d"}}})
	not annotated({"spec": {}, "metadata": {"annotations": {"new": "d"}}})
}

set_of(kind, spec) := {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "r"}, "spec": spec}

scaled(kind, new, old) if updates.unchanged with input as {"review": {
	"operation": "UPDATE", "object": set_of(kind, new), "oldObject": set_of(kind, old),
}}

test_fewer_pods_ask_for_less if {
	scaled("ReplicaSet", {"replicas": 0, "template": {}}, {"replicas": 3, "template": {}})
	scaled("Deployment", {"replicas": 3}, {"replicas": 3})
	not scaled("ReplicaSet", {"replicas": 4}, {"replicas": 3})
	not scaled("ReplicaSet", {"replicas": -1}, {"replicas": 3})
	not scaled("ReplicaSet", {"replicas": "0"}, {"replicas": 3})
	not scaled("ReplicaSet", {}, {"replicas": 3})
	not scaled("ReplicaSet", {"replicas": 1, "template": {"spec": {}}}, {"replicas": 3, "template": {}})
	not scaled("LeaderWorkerSet", {"replicas": 1}, {"replicas": 3})
}

test_only_updates_are_updates if {
	not updates.unchanged with input as {"review": {"operation": "CREATE", "object": claim, "oldObject": claim}}
	not updates.unchanged with input as {"review": {"operation": "UPDATE", "object": claim, "oldObject": null}}
	not updates.unchanged with input as {"review": {"object": claim}}
}

test_objects_without_metadata if {
	bare := {"kind": "ResourceClaim"}
	updates.unchanged with input as {"review": {"operation": "UPDATE", "object": bare, "oldObject": bare}}
}
