package lib.lockgate.tiers_test

import data.lib.lockgate.tiers

labelled(labels) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": labels}}

tier(judged, around, parameters) := found if {
	found := tiers.of(judged) with input as {"review": object.union({"object": judged}, around), "parameters": parameters}
}

test_labels if {
	every name in ["lockgate.dev/environment", "environment", "env"] {
		tier(labelled({name: "prod"}), {}, {}) == "production"
		tier(labelled({name: "Development"}), {}, {}) == "development"
		tier(labelled({name: "staging"}), {}, {}) == ""
	}
	tier(labelled({"tier": "prod"}), {}, {}) == ""
	tier(labelled({"tier": "prod"}), {}, {"environmentLabels": ["tier"]}) == "production"
	tier(labelled({"env": "prod"}), {}, {"environmentLabels": ["tier"]}) == ""
}

test_odd_labels if {
	every labels in [null, "x", [], {}, {"env": null}, {"env": 7}, {"env": ["prod"]}, {"env": "${ENV}"}, {"env": ""}] {
		tier(labelled(labels), {}, {}) == ""
	}
	every judged in [{}, {"metadata": null}, {"metadata": "x"}, {"metadata": []}] {
		tier(judged, {}, {}) == ""
	}
}

test_namespaces if {
	tier(labelled({}), {"namespace": "ml-prod-eu"}, {}) == "production"
	tier(labelled({}), {"namespace": "fraud-dev"}, {}) == "development"
	tier(labelled({}), {"namespace": "devices"}, {}) == ""
	tier(labelled({}), {"namespace": "product-search"}, {}) == ""
	tier({"metadata": {"namespace": "sandbox_1"}}, {}, {}) == "development"
}

test_production_counts_most if {
	tier(labelled({"env": "dev"}), {"namespace": "prod"}, {}) == "production"
	tier(labelled({"env": "prod"}), {"namespace": "dev"}, {}) == "production"
}

test_names_of_tiers if {
	tiers_of := {"tiers": {"production": ["latency"], "development": ["Sporadic", "blue-green"]}}
	tier(labelled({"env": "latency"}), {}, tiers_of) == "production"
	tier(labelled({"env": "sporadic"}), {}, tiers_of) == "development"
	tier(labelled({"env": "blue-green"}), {}, tiers_of) == "development"
	tier(labelled({"env": "prod"}), {}, tiers_of) == ""
	tier(labelled({"env": "dev"}), {}, {"tiers": {"production": ["latency"]}}) == "development"
}

test_assumed if {
	tier(labelled({}), {}, {"assumed": "production"}) == "production"
	tier(labelled({"env": "dev"}), {}, {"assumed": "production"}) == "development"
}

test_an_object_inside if {
	inner := {"metadata": {"labels": {"env": "prod"}}}
	outer := {"apiVersion": "v1", "kind": "List", "metadata": {"labels": {"env": "dev"}}, "items": [inner]}
	tiers.of(inner) == "production" with input as {"review": {"object": outer}}
	tiers.of({}) == "development" with input as {"review": {"object": outer}}
}

updated(new, old) := {"review": {"operation": "UPDATE", "object": labelled(new), "oldObject": labelled(old)}}

test_unchanged if {
	tiers.unchanged with input as updated({"env": "dev", "x": "1"}, {"env": "dev"})
	not tiers.unchanged with input as updated({"env": "prod"}, {"env": "dev"})
	not tiers.unchanged with input as {"review": {"operation": "CREATE", "object": labelled({})}}
}
