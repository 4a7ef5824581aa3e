package lockgate.images.repository_settings_test

import data.lockgate.images.repository_settings as rule

amazon(spec) := {"apiVersion": "ecr.services.k8s.aws/v1alpha1", "kind": "Repository", "metadata": {"name": "r"}, "spec": spec}

google(spec) := {"apiVersion": "artifactregistry.cnrm.cloud.google.com/v1beta1", "kind": "ArtifactRegistryRepository", "metadata": {"name": "r"}, "spec": object.union({"format": "DOCKER"}, spec)}

found(judged, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

tags := ["spec", "imageTagMutability"]

scan := ["spec", "imageScanningConfiguration", "scanOnPush"]

explicit := {"unsaid": "allow"}

scanned(spec) := object.union({"imageScanningConfiguration": {"scanOnPush": true}}, spec)

test_amazon if {
	found(amazon(scanned({"imageTagMutability": "IMMUTABLE"})), {}) == set()
	every value in ["MUTABLE", "mutable", 7, {}] {
		found(amazon(scanned({"imageTagMutability": value})), explicit) == {tags}
	}
	found(amazon({}), {}) == {tags, scan}
	found(amazon({}), explicit) == set()
	every spec in [null, 7, "x", []] { found(amazon(spec), {}) == {tags, scan} }
	every value in [false, "false", 7] {
		found(amazon({"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": value}}), explicit) == {scan}
		found(amazon({"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": value}}), {"scanning": "elsewhere"}) == set()
	}
	found(amazon({"imageTagMutability": "$MUTABILITY", "imageScanningConfiguration": {"scanOnPush": "${SCAN}"}}), {}) == set()
}

test_exclusions if {
	filters := [{"filter": "latest", "filterType": "WILDCARD"}, {"filter": "dev-*", "filterType": "WILDCARD"}]
	excluding := amazon(scanned({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": filters}))
	place := ["spec", "imageTagMutabilityExclusionFilters"]
	found(excluding, {}) == {array.concat(place, [0]), array.concat(place, [1])}
	found(excluding, {"mutableTags": ["latest", "dev-*"]}) == set()
	found(excluding, {"mutableTags": ["latest"]}) == {array.concat(place, [1])}
	odd := amazon(scanned({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": [7, "$FILTER"]}))
	found(odd, {}) == {array.concat(place, [0])}
	found(amazon(scanned({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"})), explicit) == {tags}
}

test_templates if {
	template := object.union(amazon({}), {"kind": "RepositoryCreationTemplate"})
	found(template, {}) == {tags}
	found(template, explicit) == set()
}

test_google if {
	place := ["spec", "dockerConfig", "immutableTags"]
	found(google({"dockerConfig": {"immutableTags": true}}), {}) == set()
	found(google({}), {}) == {place}
	found(google({}), explicit) == set()
	every value in [false, "true", 7] { found(google({"dockerConfig": {"immutableTags": value}}), explicit) == {place} }
	every spec in [{"format": "MAVEN"}, {"format": 7}, {"mode": "REMOTE_REPOSITORY"}, {"mode": "VIRTUAL_REPOSITORY"}] { found(google(spec), {}) == set() }
	scanning := ["spec", "vulnerabilityScanningConfig", "enablementConfig"]
	every value in ["DISABLED", 7] {
		judged := google({"dockerConfig": {"immutableTags": true}, "vulnerabilityScanningConfig": {"enablementConfig": value}})
		found(judged, explicit) == {scanning}
		found(judged, {"scanning": "elsewhere"}) == set()
	}
	found(google({"vulnerabilityScanningConfig": {"enablementConfig": "INHERITED"}}), explicit) == set()
}

test_others if found({"apiVersion": "v1", "kind": "Pod", "spec": {}}, {}) == set()

test_an_update_that_leaves_it if {
	old := amazon({"imageTagMutability": "MUTABLE"})
	new := object.union(old, {"status": {"conditions": []}})
	rule.violation == set() with input as {"review": {"operation": "UPDATE", "object": new, "oldObject": old}, "parameters": {}}
}
