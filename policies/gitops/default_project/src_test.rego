package lockgate.gitops.default_project_test

import data.lockgate.gitops.default_project as rule

found(judged, parameters) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

app(more) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "a"}, "spec": object.union({"destination": {"name": "prod"}}, more)}

test_projects if {
	every project in ["default", "", null, " default ", 7] {
		found(app({"project": project}), {}) == {"spec.project"}
	}
	found(app({}), {}) == {"spec.project"}
	found(app({"project": "fraud"}), {}) == set()
	found(app({"project": "{{project}}"}), {}) == set()
}

test_other_projects if {
	given := {"refusedProjects": ["sandbox"]}
	found(app({"project": "sandbox"}), given) == {"spec.project"}
	found(app({"project": "default"}), given) == set()
	found(app({}), given) == set()
}

test_patches_are_parts if {
	found({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "a"}, "spec": {"source": {"path": "x"}}}, {}) == set()
	found({"apiVersion": "app.k8s.io/v1beta1", "kind": "Application", "metadata": {"name": "a"}, "spec": {"destination": {}}}, {}) == set()
}

test_sets_of_applications if {
	found(
		{
			"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "a"},
			"spec": {
				"generators": [{"list": {"template": {"spec": {"project": "default"}}}}, {"list": {"template": {"spec": {}}}}],
				"template": {"spec": {"project": "default", "destination": {"name": "prod"}}},
			},
		},
		{},
	) == {"spec.template.spec.project", "spec.generators.0.list.template.spec.project"}
}

test_the_message if {
	messages := {violation.msg | some violation in rule.violation with input as {"review": {"object": app({})}}}
	messages == {"Application is in a project without bounds at spec.project (default); nothing says what it may read and where it may deploy; fix: name the team's AppProject in spec.project"}
}
