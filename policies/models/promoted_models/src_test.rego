package lockgate.models.promoted_models_test

import data.lib.lockgate.external
import data.lockgate.models.promoted_models as rule

uri := "s3://models/fraud/7"

digest := "sha256:1"

judged := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "s", "namespace": "ml"},
	"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "server:1", "args": [sprintf("--model=%s", [uri])]}]}}},
}

promotion := {
	"entry": 31, "state": "current", "version": "7", "subject": digest, "namespace": "ml", "cluster": "eu",
	"serving": [{"kind": "image", "key": "docker.io/library/server", "version": "1"}], "flags": [],
}

prod := {"cluster": "eu", "environment": "prod", "required": true}

facts := {"digest": digest, "tier": "safe", "facts": {"findings": []}, "attested": [], "evidence": []}

reply(key, value) := {"responses": [[key, value]], "errors": [], "status_code": 200, "system_error": ""}

refusal(key, error) := {"responses": [], "errors": [[key, error]], "status_code": 200, "system_error": ""}

down := {"responses": [], "errors": [], "status_code": 500, "system_error": "it is down"}

key := `{"label":"","namespace":"ml"}`

all_good := {
	"lockgate-environments": reply(key, prod),
	"lockgate-promotions": reply(uri, {"prod": [promotion]}),
	"lockgate-models": reply(uri, facts),
}

answered("lockgate-environments", _) := data.mocked["lockgate-environments"]

answered("lockgate-promotions", _) := data.mocked["lockgate-promotions"]

answered("lockgate-models", _) := data.mocked["lockgate-models"]

told(object_, parameters, replies, more) := {violation.msg |
	some violation in rule.violation with input as {"review": object.union({"object": object_, "namespace": "ml", "operation": "CREATE"}, more), "parameters": parameters}
		with external.answers as answered
		with data.mocked as object.union(all_good, replies)
}

messages(replies) := told(judged, {}, replies, {})

says(found, text) if {
	[message] := [message | some message in found]
	contains(message, text)
}

changed(change) := {"lockgate-promotions": reply(uri, {"prod": [object.union(promotion, change)]})}

test_promoted if {
	messages({}) == set()
	messages(changed({"namespace": "", "cluster": ""})) == set()
}

test_not_promoted if {
	says(messages({"lockgate-promotions": refusal(uri, "no promotion of it is recorded")}), "model is not promoted to prod at spec.template.spec.containers[0].args[0]")
	says(messages({"lockgate-promotions": refusal(uri, "no promotion of it is recorded")}), "no promotion of it is recorded; fix: lockgate promote FILE --to prod")
	says(messages({"lockgate-promotions": reply(uri, {"staging": [promotion]})}), "no promotion of it into this environment is recorded")
	says(messages({"lockgate-promotions": reply(uri, "yes")}), "model is not promoted to prod")
	says(messages({"lockgate-promotions": down}), "it is down")
}

test_environments if {
	messages({"lockgate-environments": reply(key, object.union(prod, {"required": false})), "lockgate-promotions": down}) == set()
	says(messages({"lockgate-environments": refusal(key, "there is no EnvironmentMap")}), "there is no EnvironmentMap; fix: name the namespace")
	says(messages({"lockgate-environments": down}), "it is down")
	says(messages({"lockgate-environments": reply(key, "prod")}), "the provider lockgate-environments said nothing of it")
}

test_states if {
	says(messages(changed({"state": "former"})), "entry 31 promoted it, and another version came after it")
	says(messages(changed({"state": "anything"})), "another version came after it")
	says(messages(changed({"state": "revoked"})), "it was revoked")
	says(messages(changed({"state": "unsound"})), "it rests on a key that was revoked")
}

controlled := object.union(judged, {"metadata": {"ownerReferences": [{"controller": true}]}})

controllers := {"userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"}}

# What a controller makes may be of an earlier promotion, and have more containers, but not others.
test_controllers if {
	former := changed({"state": "former"})
	told(controlled, {}, former, controllers) == set()
	told(controlled, {}, former, {}) == set()
	count(told(controlled, {}, former, {"userInfo": {"username": "somebody"}})) == 1
	count(told(judged, {}, former, controllers)) == 1
	count(told(controlled, {}, changed({"state": "revoked"}), controllers)) == 1
	more := json.patch(controlled, [{"op": "add", "path": "spec/template/spec/containers/-", "value": {"name": "b", "image": "proxy:2"}}])
	told(more, {}, {}, controllers) == set()
	says(told(json.patch(more, [{"op": "replace", "path": "metadata/ownerReferences", "value": []}]), {}, {}, controllers), "the statement of entry 31 does not have image docker.io/library/proxy 2")
	other := json.patch(controlled, [{"op": "replace", "path": "spec/template/spec/containers/0/image", "value": "server:2"}])
	says(told(other, {}, {}, controllers), "does not have other images than docker.io/library/server 1")
}

sent_by(name) := {"userInfo": {"username": name}}

# Whoever may send an object may write an owner into it.
test_whose_owner_is_believed if {
	former := changed({"state": "former"})
	count(told(controlled, {}, former, sent_by("system:serviceaccount:ml:deployer"))) == 1
	count(told(controlled, {}, former, sent_by("system:admin"))) == 1
	told(controlled, {}, former, sent_by("system:serviceaccount:ml-platform:kserve")) == set()
	listed := {"controllers": ["system:serviceaccount:kube-system:*", "system:serviceaccount:ml:spark"]}
	told(controlled, listed, former, controllers) == set()
	told(controlled, listed, former, sent_by("system:serviceaccount:ml:spark")) == set()
	count(told(controlled, listed, former, sent_by("system:serviceaccount:argocd:application-controller"))) == 1
	count(told(controlled, {"controllers": []}, former, controllers)) == 1
}

test_image_volumes if {
	pod := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
		"containers": [{"name": "a", "image": "server:1"}],
		"volumes": [{"name": "m", "image": {"reference": "r.example.com/m:1"}}],
	}}
	says(told(pod, {}, {"lockgate-promotions": refusal("oci://r.example.com/m:1", "no promotion of it is recorded")}, {}), "model is not promoted to prod at spec.volumes[0].image.reference")
	image := {"kind": "image", "key": "r.example.com/m", "version": "1"}
	made := object.union(promotion, {"serving": array.concat(promotion.serving, [image])})
	told(pod, {}, {"lockgate-promotions": reply("oci://r.example.com/m:1", {"prod": [made]})}, {}) == set()
	told(pod, {"imageVolumes": "files"}, {"lockgate-promotions": down}, {}) == set()
}

test_places if {
	says(messages(changed({"namespace": "team-b"})), "it is promoted for namespace team-b of cluster eu, and this is namespace ml of cluster eu; fix: lockgate promote FILE --to prod for this place")
	says(messages(changed({"cluster": "us"})), "it is promoted for namespace ml of cluster us, and this is namespace ml of cluster eu")
	says(messages(object.union(changed({}), {"lockgate-environments": reply(key, object.remove(prod, ["cluster"]))})), "and this is namespace ml;")
	says(messages(changed({"namespace": 7})), "for another place")
}

# One for each place that it was promoted for; of those that fit the current one counts, and then the latest.
test_several if {
	other := object.union(promotion, {"namespace": "team-b", "entry": 40})
	everywhere := object.union(promotion, {"namespace": "", "cluster": "", "entry": 41, "state": "former"})
	revoked := object.union(promotion, {"entry": 42, "state": "revoked"})
	messages({"lockgate-promotions": reply(uri, {"prod": [other, promotion]})}) == set()
	messages({"lockgate-promotions": reply(uri, {"prod": [everywhere, promotion, revoked]})}) == set()
	says(messages({"lockgate-promotions": reply(uri, {"prod": [other, everywhere, revoked]})}), "entry 41 promoted it, and another version came after it")
	says(messages({"lockgate-promotions": reply(uri, {"prod": [other, revoked]})}), "it was revoked")
}

changed_everywhere(places) := changed({"namespace": "", "newer": places})

# For any place, and then another version for this one, or for another.
test_newer_for_a_part if {
	says(messages(changed_everywhere([{"namespace": "ml", "cluster": ""}])), "entry 31 promoted it, and another version came after it")
	says(messages(changed_everywhere([{"namespace": "x", "cluster": ""}, {"namespace": "", "cluster": "eu"}])), "another version came after it")
	messages(changed_everywhere([{"namespace": "ml", "cluster": "us"}, {"namespace": "x", "cluster": "eu"}])) == set()
	count(messages(changed({"state": "revoked", "newer": [{"namespace": "ml", "cluster": ""}]}))) == 1
}

test_flags if {
	flagged := json.patch(judged, [{"op": "add", "path": "spec/template/spec/containers/0/args/-", "value": "--trust-remote-code"}])
	says(told(flagged, {}, {}, {}), "does not have --trust-remote-code")
	told(flagged, {}, changed({"flags": ["--trust-remote-code"]}), {}) == set()
	says(told(object.union(flagged, {"metadata": controlled.metadata}), {}, {}, controllers), "does not have --trust-remote-code")
}

test_bytes if {
	compared := {"compareFacts": true}
	told(judged, compared, {}, {}) == set()
	says(told(judged, compared, {"lockgate-models": reply(uri, object.union(facts, {"digest": "sha256:2"}))}, {}), "entry 31 promoted sha256:1, and facts tell of sha256:2")
	says(told(judged, compared, {"lockgate-models": down}, {}), "nothing is known of the bytes that lie there")
}

test_what_cannot_be_told if {
	placeholder := json.patch(judged, [{"op": "replace", "path": "spec/template/spec/containers/0/args/0", "value": "--model=s3://$B/m"}])
	says(told(placeholder, {}, {}, {}), "the model that would run in prod cannot be told")
	told(placeholder, {"undecidable": "allow"}, {}, {}) == set()
}

# Finalizers are taken off what is revoked.
test_updates if {
	revoked := changed({"state": "revoked"})
	before := object.union(judged, {"metadata": {"finalizers": ["a"]}})
	told(judged, {}, revoked, {"operation": "UPDATE", "oldObject": before}) == set()
	count(told(judged, {}, revoked, {"operation": "UPDATE", "oldObject": json.patch(before, [{"op": "add", "path": "spec/replicas", "value": 2}])})) == 1
	told(judged, {}, revoked, {"operation": "DELETE"}) == set()
}

test_too_deep if {
	inner := {"apiVersion": "workload.codeflare.dev/v1beta2", "kind": "AppWrapper", "metadata": {"name": "w"}, "spec": {"components": [{"template": judged}]}}
	middle := {"apiVersion": "workload.codeflare.dev/v1beta2", "kind": "AppWrapper", "metadata": {"name": "w"}, "spec": {"components": [{"template": inner}]}}
	outer := {"apiVersion": "workload.codeflare.dev/v1beta2", "kind": "AppWrapper", "metadata": {"name": "w"}, "spec": {"components": [{"template": middle}]}}
	some message in told(outer, {}, {}, {})
	contains(message, "objects are embedded too deep")
}

# What is asked of the environments has the object's own label, and the namespace of the request, if there is one.
test_what_is_asked if {
	labelled := object.union(judged, {"metadata": {"labels": {"lockgate.dev/environment": "prod"}}})
	told(labelled, {}, {}, {}) == set()
	asked := rule.placing with input as {"review": {"object": labelled, "namespace": "ml"}}
		with external.answers as echoed
	asked == `{"label":"prod","namespace":"ml"}`
	nowhere := object.remove(judged, ["metadata"])
	says(told(nowhere, {}, {}, {"namespace": ""}), "and this is namespace none of cluster eu")
}

echoed(_, keys) := keys[0]
