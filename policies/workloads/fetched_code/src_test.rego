package lockgate.workloads.fetched_code_test

import data.lockgate.workloads.fetched_code as rule

pod(container) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"initContainers": [container]}}

said(container, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": pod(container)}, "parameters": parameters}
	startswith(violation.msg, "program is fetched and run at once at spec.initContainers[0]")
}

refused(text) if said({"command": ["sh", "-c", text]}, {}) == {["spec", "initContainers", 0, "command", 2]}

accepted(text) if said({"command": ["sh", "-c", text]}, {}) == set()

commit := "0123456789abcdef0123456789abcdef01234567"

test_pipes if {
	every text in [
		"curl -sSL https://get.example.com/install.sh | sh", "wget -qO- https://get.example.com/x | sudo bash -s -- --yes", "curl https://x.example.com |sh\necho",
		"curl -fsSL https://x.example.com/a \\\n  | tee log | bash", "curl https://x.example.com/a.py | python3", "curl https://x.example.com/a.py | python3 - --flag",
	] {
		refused(text)
	}
	every text in [
		"curl -s https://api.example.com | jq .", "curl https://x.example.com/a.tar.gz | tar xz", "curl -s https://x.example.com | python3 -m json.tool",
		"curl -s https://x.example.com | python3 -c 'import json'", "echo curl; ls | sh", "curl https://x.example.com -o a.json; cat b | sh",
		"# curl https://x.example.com | sh",
	] {
		accepted(text)
	}
}

test_substitution if {
	every text in [
		"bash <(curl -s https://x.example.com/a)", `sh -c "$(curl -fsSL https://x.example.com/a)"`, "eval $(wget -qO- https://x.example.com/a)",
		"source <(curl https://x.example.com/a)", "import urllib.request as u; exec(u.urlopen('https://x.example.com/a.py').read())",
		"exec(requests.get('https://x.example.com/a.py').text)",
	] {
		refused(text)
	}
	every text in [`VERSION=$(curl -s https://x.example.com/version)`, `test "$(curl -s https://x.example.com)" = ok`, "print(requests.get('https://x.example.com').text)"] {
		accepted(text)
	}
}

test_files_that_are_run if {
	every text in [
		"curl -o /tmp/a.sh https://x.example.com/a.sh && bash /tmp/a.sh", "wget https://x.example.com/a.sh -O a.sh; chmod +x a.sh; ./a.sh",
		"curl https://x.example.com/a.py > a.py\npython3 -u a.py", "wget http://x.example.com/a.sh && sh a.sh", "curl -fsSLO https://x.example.com/d/a.sh; bash ./a.sh",
		"curl -Lo /usr/local/bin/tool https://x.example.com/tool && chmod +x /usr/local/bin/tool && tool serve",
	] {
		refused(text)
	}
	every text in [
		"wget https://x.example.com/a.sh", "curl -o /data/m https://x.example.com/m && chmod 644 /data/m", "curl -o /data/a.sh https://x.example.com/a.sh", "curl -o a.py https://x.example.com/a.py && python b.py",
		"curl -o a.sh https://x.example.com/a.sh && echo \"0f a.sh\" | sha256sum -c && bash a.sh",
	] {
		accepted(text)
	}
}

test_packages_by_url if {
	every text in [
		"pip install git+https://github.com/example/tool", "pip3 install -U 'tool @ git+https://github.com/example/tool@main'", "uv pip install https://x.example.com/a.whl",
		"python -m pip install git+https://github.com/example/tool@v1 && python main.py",
	] {
		refused(text)
	}
	every text in [
		sprintf("pip install git+https://github.com/example/tool@%s", [commit]), "pip install torch --index-url https://download.pytorch.org/whl/cu121",
		"pip install -f https://x.example.com/wheels jax[tpu]", "pip install kfp==2.14.3 --extra-index-url=https://x.example.com/simple",
	] {
		accepted(text)
	}
}

test_manifests_by_url if {
	refused("kubectl apply -n a -f https://raw.example.com/a/main/x.yaml")
	refused("kubectl create --filename=https://raw.example.com/a/x.yaml")
	accepted(sprintf("kubectl apply -f https://raw.example.com/a/%s/x.yaml", [commit]))
	accepted("kubectl apply -f x.yaml")
}

test_allowed_hosts if {
	trusted := {"allowedHosts": ["*.example.com"]}
	said({"args": ["curl https://get.example.com/a | sh"]}, trusted) == set()
	count(said({"args": ["curl https://get.example.org/a | sh"]}, trusted)) == 1
	count(said({"args": ["curl $URL | sh"]}, trusted)) == 1
	count(said({"args": ["curl https://get.example.com/a -H https://x.example.org | sh"]}, trusted)) == 1
}

test_hooks if {
	hook := {"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "curl https://x.example.com | sh"]}}}}
	count(said(hook, {})) == 1
}

test_no_secret_is_shown if {
	some violation in rule.violation with input as {"review": {"object": pod({"args": ["curl -H 'Authorization: Bearer abc' https://me:abc@x.example.com/a | sh"]})}}
	contains(violation.msg, "(x.example.com)")
	not contains(violation.msg, "abc")
	some other in rule.violation with input as {"review": {"object": pod({"args": ["curl $URL | sh"]})}}
	contains(other.msg, "(from elsewhere)")
}

test_what_stays_as_it_was if {
	bad := pod({"args": ["curl https://x.example.com | sh"]})
	count({1 | some _ in rule.violation with input as {"review": {"object": bad, "oldObject": bad, "operation": "UPDATE"}}}) == 0
}
