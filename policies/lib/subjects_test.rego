package lib.lockgate.subjects_test

import data.lib.lockgate.subjects

found(object) := {[one.kind, one.key, one.version, one.pin] |
	some one in subjects.subjects with input as {"review": {"object": object}}
}

places(object) := {concat(".", [sprintf("%v", [element]) | some element in one.path]) |
	some one in subjects.subjects with input as {"review": {"object": object}}
}

hex := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

commit := "0123456789abcdef0123456789abcdef01234567"

of(api_version, kind, spec) := {"apiVersion": api_version, "kind": kind, "metadata": {"name": "o"}, "spec": spec}

test_images if {
	found(of("v1", "Pod", {"containers": [{"image": "r.example.com/a:1"}, {"image": sprintf("b@sha256:%s", [hex])}, {"image": "c"}, {"image": "${X}"}]})) == {
		["image", "r.example.com/a", "1", "moving"],
		["image", "docker.io/library/b", sprintf("sha256:%s", [hex]), "content"],
		["image", "docker.io/library/c", "latest", "moving"],
		["image", "${X}", "", "unknown"],
	}
}

test_models if {
	service := of("serving.kserve.io/v1beta1", "InferenceService", {"predictor": {
		"canaryTrafficPercent": 10,
		"model": {"storageUri": "hf://o/m:v1", "runtime": "vllm", "runtimeVersion": "0.6"},
	}})
	found(service) == {
		["model", "hf:o/m", "v1", "moving"],
		["runtime", "predictor.runtime", "vllm", "moving"],
		["runtime", "predictor.runtimeVersion", "0.6", "moving"],
		["traffic", "predictor", "10", "version"],
	}
	found(of("serving.kserve.io/v1beta1", "InferenceService", {"predictor": {"model": {"storageUri": "s3://b/m/7"}}})) == {["model", "s3:b/m/7", "", "moving"]}
}

test_argo_applications if {
	found(of("argoproj.io/v1alpha1", "Application", {"source": {
		"repoURL": "https://g.example.com/r", "path": "envs/prod", "targetRevision": commit,
		"helm": {"parameters": [{"name": "image.tag", "value": "7"}, {"name": "replicas", "value": "2"}]},
		"kustomize": {"images": ["a=r.example.com/a:2", "b@sha256:1"]},
	}})) == {
		["revision", "https://g.example.com/r", commit, "content"],
		["folder", "https://g.example.com/r", "envs/prod", "moving"],
		["parameter", "https://g.example.com/r#image.tag", "7", "moving"],
		["image", "r.example.com/a", "2", "moving"],
		["image", "b@sha256:1", "", "unknown"],
	}
	found(of("argoproj.io/v1alpha1", "Application", {"sources": [{"repoURL": "https://c.example.com", "chart": "m"}]})) == {["chart", "https://c.example.com/m", "*", "moving"]}
	found(of("argoproj.io/v1alpha1", "ApplicationSet", {
		"generators": [{"list": {"elements": [{"env": "prod", "revision": "v2", "url": "x"}]}}],
		"template": {"spec": {"source": {"repoURL": "https://g.example.com/r", "targetRevision": "{{revision}}"}}},
	})) == {
		["parameter", "prod#revision", "v2", "moving"],
		["revision", "https://g.example.com/r", "{{revision}}", "unknown"],
	}
	found(of("argoproj.io/v1alpha1", "Application", {"sourceHydrator": {
		"drySource": {"repoURL": "https://g.example.com/r", "targetRevision": "HEAD", "path": "m"},
		"syncSource": {"targetBranch": "env/prod"},
	}})) == {
		["revision", "https://g.example.com/r", "HEAD", "moving"],
		["folder", "https://g.example.com/r", "m", "moving"],
		["revision", "https://g.example.com/r#hydrated", "env/prod", "moving"],
	}
}

test_flux if {
	found(of("source.toolkit.fluxcd.io/v1", "GitRepository", {"url": "https://g.example.com/r", "ref": {"tag": "v1"}})) == {["revision", "https://g.example.com/r", "v1", "moving"]}
	found(of("source.toolkit.fluxcd.io/v1", "OCIRepository", {"url": "oci://r.example.com/m", "ref": {"digest": sprintf("sha256:%s", [hex])}})) == {["revision", "oci://r.example.com/m", sprintf("sha256:%s", [hex]), "content"]}
	found(of("helm.toolkit.fluxcd.io/v2", "HelmRelease", {
		"chart": {"spec": {"chart": "m", "version": "1.2.3", "sourceRef": {"name": "charts"}}},
		"values": {"image": {"registry": "r.example.com", "repository": "a", "tag": 7}, "model": {"storageUri": "gs://b/m#5"}},
	})) == {
		["chart", "charts/m", "1.2.3", "version"],
		["image", "r.example.com/a", "7", "moving"],
		["model", "gs:b/m", "5", "version"],
	}
	found(of("kustomize.toolkit.fluxcd.io/v1", "Kustomization", {
		"path": "./clusters/prod", "sourceRef": {"name": "r"}, "images": [{"name": "a", "newTag": "3"}],
		"postBuild": {"substitute": {"MODEL_VERSION": "4", "REGION": "eu"}},
	})) == {
		["folder", "r", "./clusters/prod", "moving"],
		["image", "docker.io/library/a", "3", "moving"],
		["parameter", "MODEL_VERSION", "4", "moving"],
	}
}

test_kustomize_and_kpt if {
	found({
		"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
		"resources": ["../base", "https://g.example.com/r//d?ref=v1", "https://g.example.com/r"],
		"images": [{"name": "a", "newName": "r.example.com/a", "digest": sprintf("sha256:%s", [hex])}],
		"helmCharts": [{"name": "m", "repo": "https://c.example.com", "version": "1.2"}],
	}) == {
		["revision", "https://g.example.com/r//d", "v1", "moving"],
		["image", "r.example.com/a", sprintf("sha256:%s", [hex]), "content"],
		["chart", "https://c.example.com/m", "1.2", "moving"],
	}
	found({"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "upstream": {"git": {"repo": "https://g.example.com/r", "directory": "/d", "ref": "v1"}}}) == {["revision", "https://g.example.com/r/d", "v1", "moving"]}
}

test_config_sync if {
	found(of("configsync.gke.io/v1beta1", "RootSync", {"git": {"repo": "https://g.example.com/r", "branch": "main", "dir": "prod"}})) == {
		["revision", "https://g.example.com/r", "main", "moving"],
		["folder", "https://g.example.com/r", "prod", "moving"],
	}
	found(of("configsync.gke.io/v1beta1", "RepoSync", {"oci": {"image": "r.example.com/p:1"}})) == {["image", "r.example.com/p", "1", "moving"]}
}

test_registries_and_choices if {
	labelled := object.union(of("v1", "Service", {}), {"metadata": {"labels": {
		"modelregistry.kubeflow.org/registered-model-id": "3", "modelregistry.kubeflow.org/model-version-id": "9",
	}}})
	found(labelled) == {["registry", "registered-model/3", "9", "version"]}
	found(of("lambda.services.k8s.aws/v1alpha1", "Function", {"code": {"s3Bucket": "b", "s3Key": "k", "s3ObjectVersion": "v"}})) == {["code", "s3://b/k", "v", "version"]}
	found(of("lambda.services.k8s.aws/v1alpha1", "Alias", {"functionName": "f", "functionVersion": "3"})) == {["traffic", "f", "3", "version"]}
	found(of("serving.knative.dev/v1", "Service", {"traffic": [{"revisionName": "a-1", "percent": 90}, {"latestRevision": true, "percent": 10}]})) == {["traffic", "revisions", "a-1=90,latest=10", "version"]}
	found(of("argoproj.io/v1alpha1", "Workflow", {"arguments": {"parameters": [{"name": "model-version", "value": "7"}, {"name": "epochs", "value": "3"}]}})) == {["parameter", "model-version", "7", "moving"]}
	found(of("trainer.kubeflow.org/v1alpha1", "TrainJob", {"runtimeRef": {"name": "torch"}})) == {["runtime", "runtimeRef", "torch", "moving"]}
}

test_places if {
	places(of("argoproj.io/v1alpha1", "Application", {"source": {"repoURL": "https://g.example.com/r", "targetRevision": "v1"}})) == {"spec.source.targetRevision"}
	places(of("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"values": {"server": {"image": {"repository": "a", "tag": "1"}}}})) == {"spec.values.server.image.tag"}
}

destinations(object) := {[one.cluster, one.namespace] |
	some one in subjects.destinations with input as {"review": {"object": object}}
}

test_destinations if {
	destinations(of("argoproj.io/v1alpha1", "Application", {"destination": {"server": "https://p.example.com", "namespace": "ml"}})) == {["", "ml"], ["https://p.example.com", "ml"]}
	destinations(of("argoproj.io/v1alpha1", "Application", {"destination": {"name": "in-cluster"}})) == {["", ""]}
	destinations(of("argoproj.io/v1alpha1", "ApplicationSet", {"template": {"spec": {"destination": {"name": "{{cluster}}"}}}})) == {["", ""], ["{{cluster}}", ""]}
	destinations(of("kustomize.toolkit.fluxcd.io/v1", "Kustomization", {"targetNamespace": "ml", "kubeConfig": {"secretRef": {"name": "prod"}}})) == {["prod", "ml"]}
	destinations(of("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"targetNamespace": "ml"})) == {["", "ml"]}
	destinations(of("v1", "Pod", {})) == set()
}
