package lockgate.governance.template_data_test

import data.lockgate.governance.template_data as rule

inventory := {
	"cluster": {"syncset.gatekeeper.sh/v1alpha1": {"SyncSet": {"s": {"spec": {"gvks": [{"group": "", "version": "v1", "kind": "Service"}, {"version": "v1", "kind": "Pod"}]}}}}},
	"namespace": {"gatekeeper-system": {"config.gatekeeper.sh/v1alpha1": {"Config": {"config": {"spec": {"sync": {"syncOnly": [{"group": "apps", "version": "v1", "kind": "Deployment"}]}}}}}}},
}

template(needs, rego) := {
	"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate",
	"metadata": {"name": "t", "annotations": {"metadata.gatekeeper.sh/requires-sync-data": needs}}, "spec": {"targets": [{"rego": rego}]},
}

found(judged) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}}
		with data.inventory as inventory
}

reads := "x := data.inventory.namespace[n][v].Service[_]"

needs(group, kind) := json.marshal([[{"groups": [group], "versions": ["v1"], "kinds": [kind]}]])

missing := "data that the policy reads is not synced"

test_what_is_synced if {
	found(template(needs("", "Service"), reads)) == set()
	found(template(needs("", "Pod"), reads)) == set()
	found(template(needs("apps", "Deployment"), reads)) == set()
	found(template(sprintf("\"%s\"\n", [needs("", "Service")]), reads)) == set()
}

test_what_is_not if {
	found(template(needs("networking.k8s.io", "Ingress"), reads)) == {missing}
	found(template(needs("apps", "Service"), reads)) == {missing}
	found(template(json.marshal([[{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment", "StatefulSet"]}]]), reads)) == {missing}
	found(template(json.marshal([["odd"], []]), reads)) == {missing}
}

test_alternatives if {
	one_of := [{"groups": ["extensions"], "versions": ["v1"], "kinds": ["Ingress"]}, {"groups": [""], "versions": ["v1"], "kinds": ["Service"]}]
	found(template(json.marshal([one_of]), reads)) == set()
	found(template(json.marshal([one_of, [one_of[0]]]), reads)) == {missing}
}

test_what_is_said if {
	found(template("", reads)) == {"policy does not say which data it reads"}
	found(template("", "# data.inventory is not read")) == set()
	found(template("", "x := 1")) == set()
	every text in ["not json", "{}", 7] {
		found(template(text, reads)) == {"requirements cannot be read"}
	}
}

test_others if {
	found({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"x": reads}}) == set()
	found({"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": null, "spec": null}) == set()
}
