package lockgate.gitops.image_updates_test

import data.lockgate.gitops.image_updates as rule

found(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

annotated(given) := {name |
	some name in found(
		{
			"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
			"metadata": {"name": "a", "annotations": {concat("", ["argocd-image-updater.argoproj.io/", name]): value | some name, value in given}}, "spec": {},
		},
		{},
	)
}

past := "images are written past git"

straight := "images are written to the branch that is read"

nobody := "strategy takes what nobody chose"

test_annotations if {
	annotated({}) == set()
	annotated({"image-list": "a=r/a:1.x"}) == {past}
	annotated({"image-list": "a", "write-back-method": "argocd"}) == {past}
	annotated({"image-list": "a", "write-back-method": "git"}) == {straight}
	annotated({"image-list": "a", "write-back-method": "git:secret:argocd/creds", "git-branch": "main"}) == {straight}
	annotated({"image-list": "a", "write-back-method": "git", "git-branch": "dev:main"}) == {straight}
	annotated({"image-list": "a", "write-back-method": "git", "git-branch": ":main"}) == {straight}
	annotated({"image-list": "a", "write-back-method": "git", "git-branch": "main:image-updates-{{.SHA256}}"}) == set()
	annotated({"image-list": "a", "write-back-method": 7}) == {past}
}

test_strategies if {
	good := {"image-list": "a", "write-back-method": "git", "git-branch": "main:updates"}
	annotated(object.union(good, {"a.update-strategy": "semver"})) == set()
	every strategy in ["latest", "newest-build", "digest", "alphabetical", "name", " Latest "] {
		annotated(object.union(good, {"a.update-strategy": strategy})) == {nobody}
	}
	annotated(object.union(good, {"update-strategy": "latest"})) == {nobody}
}

updater(spec) := {"apiVersion": "argocd-image-updater.argoproj.io/v1alpha1", "kind": "ImageUpdater", "metadata": {"name": "u"}, "spec": spec}

test_updaters if {
	found(updater({}), {}) == {past}
	found(updater({"writeBackConfig": {"method": "git"}}), {}) == {straight}
	good := {"writeBackConfig": {"method": "git", "gitConfig": {"branch": "main:updates"}}}
	found(updater(good), {}) == set()
	found(updater(object.union(good, {"commonUpdateSettings": {"updateStrategy": "digest"}})), {}) == {nobody}
	found(updater(object.union(good, {"applicationRefs": [{"images": [{"commonUpdateSettings": {"updateStrategy": "newest-build"}}]}]})), {}) == {nobody}
	found(updater(object.union(good, {"applicationRefs": [{"writeBackConfig": {"method": "argocd"}}]})), {}) == {past}
}

automation(git) := {"apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImageUpdateAutomation", "metadata": {"name": "u"}, "spec": {"git": git}}

test_automations if {
	found(automation({}), {}) == {straight}
	found(automation({"push": {"branch": "main"}}), {}) == {straight}
	found(automation({"checkout": {"ref": {"branch": "deploy"}}, "push": {"branch": "deploy"}}), {}) == {straight}
	found(automation({"push": {"refspec": "refs/heads/a:refs/heads/main"}}), {}) == {straight}
	found(automation({"push": {"branch": "image-updates"}}), {}) == set()
	found(automation({"push": {"branch": "main"}}), {"reconciledBranches": ["live"]}) == set()
	found({"apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImageUpdateAutomation", "spec": {}}, {}) == set()
}

policy(spec) := {"apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImagePolicy", "metadata": {"name": "p"}, "spec": spec}

semver(range) := policy({"policy": {"semver": {"range": range}}})

test_ranges if {
	every range in ["*", "x", "x.x.x", ">=0.0.0-0", ">=1.0.0", "> 1.0", "", "1.x || *", 7] {
		found(semver(range), {}) == {"range of versions has no end"}
	}
	every range in ["1.x", "^1.2.3", "~1.2", "1.2.3", ">=1.0.0 <2.0.0", "1.0.0 - 2.0.0", "v1.4.x", "1.x || 2.x", "${RANGE}"] {
		found(semver(range), {}) == set()
	}
}

test_other_policies if {
	found(policy({"policy": {"alphabetical": {"order": "asc"}}}), {}) == {"every tag is a candidate"}
	found(policy({"policy": {"numerical": {}}, "filterTags": {"pattern": ".*"}}), {}) == {"every tag is a candidate"}
	found(policy({"policy": {"numerical": {}}, "filterTags": {"pattern": "^main-[0-9]+$"}}), {}) == set()
	found(semver("1.x"), {"digests": "require"}) == {"digest of the image is not kept"}
	found(policy({"policy": {"semver": {"range": "1.x"}}, "digestReflectionPolicy": "IfNotPresent"}), {"digests": "require"}) == set()
}
