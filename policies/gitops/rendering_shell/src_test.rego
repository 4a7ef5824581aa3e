package lockgate.gitops.rendering_shell_test

import data.lockgate.gitops.rendering_shell as rule

found(judged, parameters) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

sync(kind, value) := {"apiVersion": "configsync.gke.io/v1beta1", "kind": kind, "metadata": {"name": "s"}, "spec": {"override": {"enableShellInRendering": value}}}

test_config_sync if {
	every kind in ["RootSync", "RepoSync"] {
		every value in [true, "true", "${SHELL}", 1, {}] {
			found(sync(kind, value), {}) == {"spec.override.enableShellInRendering"}
		}
		every value in [false, null] {
			found(sync(kind, value), {}) == set()
		}
	}
}

kptfile(functions) := {"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "p"}, "pipeline": {"mutators": functions}}

test_kpt if {
	found(kptfile([{"image": "set-labels:v0.1"}, {"exec": "sed -e 's/a/b/'"}]), {}) == {"pipeline.mutators.1.exec"}
	found(kptfile([{"image": "x", "exec": ""}]), {}) == set()
	found(kptfile("odd"), {}) == set()
	found(kptfile(["odd"]), {}) == set()
}

function(text) := {"apiVersion": "example.com/v1", "kind": "Generator", "metadata": {"name": "g", "annotations": {"config.kubernetes.io/function": text}}}

test_functions_of_kustomize if {
	every text in ["exec:\n  path: ./gen.sh\n", "container:\n  image: x\n  network: true\n", "container:\n  image: x\n  mounts:\n  - type: bind\n    src: /\n", "{", "container: {image: x, network: 'yes'}"] {
		found(function(text), {}) == {"metadata.annotations.config.kubernetes.io/function"}
	}
	every text in ["container:\n  image: x\n", "container:\n  image: x\n  network: false\n", "starlark: {path: a}", "text", 7, null] {
		found(function(text), {}) == set()
	}
}

options(name, text) := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm"}, "data": {name: text}}

test_options_of_argo_cd if {
	every text in ["--enable-exec --enable-alpha-plugins", "--load-restrictor LoadRestrictionsNone", "--load-restrictor=none", "--enable-helm --network"] {
		found(options("kustomize.buildOptions", text), {}) == {"data.kustomize.buildOptions"}
	}
	found(options("kustomize.buildOptions.v5.0.0", "--enable-alpha-plugins"), {}) == {"data.kustomize.buildOptions.v5.0.0"}
	found(options("kustomize.buildOptions", "--enable-helm --load-restrictor LoadRestrictionsRootOnly"), {}) == set()
	found(options("other", "--enable-exec"), {}) == set()
	found({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"kustomize.buildOptions": "--enable-exec"}}, {}) == set()
}

test_plugins if {
	app := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "a"}, "spec": {"source": {"repoURL": "r", "plugin": {"name": "p"}}}}
	found(app, {}) == set()
	found(app, {"plugins": "refuse"}) == {"spec.source.plugin"}
}

test_updates_that_change_nothing if {
	judged := sync("RootSync", true)
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}
