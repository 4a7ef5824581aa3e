package lockgate.gitops.remote_bases_test

import data.lockgate.gitops.remote_bases as rule

commit := "0123456789abcdef0123456789abcdef01234567"

found(list, text, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", list: [text]}}, "parameters": parameters}
}

said(text) := found("resources", text, {})

moves := "remote base is not pinned"

test_local_bases if {
	every text in ["../base", "./deployment.yaml", "deployment.yaml", "base", "https", "a.b/c", "apiVersion: v1\nkind: ConfigMap\n", 7, null, {}, "service.v1/x.yaml"] {
		said(text) == set()
	}
}

test_remote_bases_that_move if {
	every text in [
		"github.com/org/repo//base?ref=main", "https://github.com/org/repo//base", "git@github.com:org/repo.git//base", "ssh://git@g.example.com/r?ref=master", "https://raw.example.com/org/repo/main/a.yaml",
		"g.example.com/org/repo//a?ref=dev", "github.com/org/repo", "g.example.com/org/repo.git//a", "https://github.com/org/repo?timeout=90s", "git::https://github.com/org/repo?ref=main",
	] {
		said(text) == {moves}
	}
}

test_remote_bases_that_are_pinned if {
	every text in [
		"github.com/org/repo//base?ref=v1.2.3", "https://github.com/org/repo//base?timeout=120&ref=v1.2.3", "https://raw.example.com/org/repo/v1.2.3/a.yaml",
		"https://example.com/releases/download/v0.14.0/manifests.yaml", "github.com/org/repo//base?ref=${REF}",
	] {
		said(text) == set()
	}
	said(sprintf("https://github.com/org/repo//base?ref=%s", [commit])) == set()
	found("resources", "github.com/org/repo//base?ref=v1.2.3", {"accept": ["commit"]}) == {moves}
}

test_plain_connections if {
	said("http://example.com/v1.2.3/a.yaml") == {"remote base is fetched without TLS", moves}
	said("git://g.example.com/r?ref=v1.2.3") == {"remote base is fetched without TLS"}
}

test_every_list_and_none_remote if {
	every list in ["bases", "components", "configurations", "crds", "generators", "transformers", "validators"] {
		found(list, "github.com/org/repo?ref=main", {}) == {moves}
	}
	found("images", "github.com/org/repo?ref=main", {}) == set()
	found("resources", "github.com/org/repo?ref=v1.2.3", {"remote": "refuse"}) == {"base is remote"}
	found("resources", "../base", {"remote": "refuse"}) == set()
}
