package lockgate.pipelines.mlflow_documents_test

import data.lockgate.pipelines.mlflow_documents as rule

said(spec, parameters) := {[split(violation.msg, " at ")[0], array.slice(violation.details.path, 1, 9)] |
	some violation in rule.violation with input as {
		"review": {"object": {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "MLmodel", "metadata": {"name": "m"}, "spec": spec}},
		"parameters": parameters,
	}
}

good := {"signature": {"inputs": "[]"}, "run_id": "0123", "flavors": {
	"python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.skops"},
	"sklearn": {"code": null, "serialization_format": "skops"},
}}

test_good if {
	said(good, {}) == set()
	said(good, {"run": "required"}) == set()
}

test_signature if {
	every signature in [null, "", {}] {
		said(object.union(object.remove(good, ["signature"]), {"signature": signature}), {}) == {["model has no signature", ["signature"]]}
	}
	said(object.remove(good, ["signature"]), {}) == {["model has no signature", ["signature"]]}
}

test_run if {
	said(object.remove(good, ["run_id"]), {}) == set()
	said(object.remove(good, ["run_id"]), {"run": "required"}) == {["model names no run", ["run_id"]]}
}

flavoured(name, value) := object.union(object.remove(good, ["flavors"]), {"flavors": {name: value}})

test_pickles if {
	every format in ["cloudpickle", "pickle", "CloudPickle", "joblib", 7] {
		said(flavoured("sklearn", {"serialization_format": format}), {}) == {["model is loaded from a pickle", ["flavors", "sklearn", "serialization_format"]]}
		said(flavoured("sklearn", {"serialization_format": format}), {"pickles": "allow"}) == set()
	}
	said(flavoured("python_function", {"python_model": "python_model.pkl"}), {}) == {["model is loaded from a pickle", ["flavors", "python_function", "python_model"]]}
	said(flavoured("python_function", {"python_model": "model.py"}), {}) == set()
}

test_code if {
	said(flavoured("python_function", {"code": "code"}), {}) == {["model brings code", ["flavors", "python_function", "code"]]}
	said(flavoured("python_function", {"code": "code"}), {"code": "allow"}) == set()
	said(flavoured("python_function", {"code": ""}), {}) == set()
}

test_odd_types if {
	every odd in [null, "sklearn", ["sklearn"], 7] {
		said(object.union(object.remove(good, ["flavors"]), {"flavors": odd}), {}) == {["flavours cannot be read", ["flavors"]]}
	}
	said(flavoured("sklearn", "odd"), {}) == set()
	said("odd", {}) == set()
}
