package lib.lockgate.model_code_test

import data.lib.lockgate.model_code

pod(containers) := {"review": {"object": {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "a"},
	"spec": {"containers": containers},
}}}

test_told if {
	told := model_code.told with input as pod([{
		"name": "a",
		"args": ["--model=a/b", "--trust-remote-code"],
		"env": [
			{"name": "VLLM_TRUST_REMOTE_CODE", "value": "1"},
			{"name": "HF_TRUST_REMOTE_CODE", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}},
		],
	}])
	told == {"flags": ["--trust-remote-code", "HF_TRUST_REMOTE_CODE, told when it runs", "VLLM_TRUST_REMOTE_CODE=1"]}
}

test_nothing if {
	told := model_code.told with input as pod([{"name": "a", "args": ["--model=a/b"]}])
	told == {"flags": []}
}
