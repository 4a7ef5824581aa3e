package lockgate.workloads.no_sign_in_test

import data.lockgate.workloads.no_sign_in as rule

pod(containers) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers}}

said(judged, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
	startswith(violation.msg, "nobody has to sign in at ")
}

with_args(args) := said(pod([{"args": args}]), {})

test_jupyter if {
	every word in [
		"--NotebookApp.token=''", "--NotebookApp.token=", "--ServerApp.token=\"\"", "--ServerApp.password=''", "--IdentityProvider.token=", "--LabApp.token= --ip=0.0.0.0",
		"c.NotebookApp.token = ''", "jupyter lab --ServerApp.token='' --allow-root", "--PasswordIdentityProvider.hashed_password=''",
	] {
		with_args([word]) == {["spec", "containers", 0, "args", 0]}
	}
	every word in ["--NotebookApp.token=abc", "--ServerApp.token=$(TOKEN)", "--NotebookApp.token='abc'", "--NotebookApp.base_url=''", "token="] {
		with_args([word]) == set()
	}
	every pair in [["JUPYTER_TOKEN", ""], ["NOTEBOOK_ARGS", "--ServerApp.port=8888\n--ServerApp.token=''\n"]] {
		said(pod([{"env": [{"name": pair[0], "value": pair[1]}]}]), {}) == {["spec", "containers", 0, "env", 0]}
	}
	said(pod([{"env": [{"name": "JUPYTER_TOKEN", "value": "abc"}, {"name": "JUPYTER_TOKEN", "valueFrom": {}}]}]), {}) == set()
}

test_a_proxy_before_jupyter if {
	open := {"args": ["--ServerApp.token=''"]}
	said(pod([open, {"image": "registry.example.com/openshift4/ose-oauth-proxy:v4"}]), {}) == set()
	said(pod([open, {"image": "quay.io/oauth2-proxy/oauth2-proxy:v7"}]), {}) == set()
	said(pod([open, {"image": "quay.io/example/other:v7"}]), {}) != set()
	said(pod([{"args": ["--noauth"]}, {"image": "quay.io/oauth2-proxy/oauth2-proxy:v7"}]), {}) != set()
}

annotated(value) := object.union(pod([{"args": ["--ServerApp.token=''"]}]), {"metadata": {"annotations": {"notebooks.opendatahub.io/inject-oauth": value}}})

test_an_injected_proxy if {
	said(annotated("true"), {}) == set()
	said(annotated("false"), {}) != set()
	with_args(["cat <<E\nannotations: {notebooks.opendatahub.io/inject-oauth: 'true'}\nargs: --ServerApp.token=''\nE"]) == set()
}

test_flags if {
	every args in [
		["server", "--auth-mode=server"], ["server", "--auth-mode", "server"], ["--auth=none"], ["--auth", "none"], ["--anonymous-auth=true"], ["--authorization-mode=AlwaysAllow"],
		["argocd-server", "--disable-auth"], ["--enable-skip-login=true"], ["mongod --noauth"], ["redis-server", "--protected-mode", "no"],
	] {
		count(with_args(args)) == 1
	}
	every args in [
		["server", "--auth-mode=client"], ["--auth-mode", "sso"], ["--auth=password"], ["--anonymous-auth=false"], ["--authorization-mode=Node,RBAC"], ["--disable-auth=false"],
		["--protected-mode", "yes"], ["--auth"], ["--auth-mode"], ["none"],
	] {
		with_args(args) == set()
	}
	said(pod([{"args": ["--auth=none"]}]), {"exceptions": ["--auth"]}) == set()
}

test_variables if {
	said(pod([{"env": [{"name": "POSTGRES_HOST_AUTH_METHOD", "value": "trust"}]}]), {}) != set()
	said(pod([{"env": [{"name": "ARGOCD_SERVER_DISABLE_AUTH", "value": "True"}]}]), {}) != set()
	said(pod([{"env": [{"name": "POSTGRES_HOST_AUTH_METHOD", "value": "md5"}]}]), {}) == set()
}

test_what_stays_as_it_was if {
	bad := pod([{"args": ["--noauth"]}])
	count({1 | some _ in rule.violation with input as {"review": {"object": bad, "oldObject": bad, "operation": "UPDATE"}}}) == 0
}
