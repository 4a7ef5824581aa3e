# METADATA
# title: Model servers run no code that comes with a model
# description: |
#   A model is data until a server is told to run what lies beside it. Refused are the flags and variables that tell it so: remote code of
#   Hugging Face models (`--trust-remote-code`, `TRUST_REMOTE_CODE`), loading weights by pickle where the library would refuse (`TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`,
#   vLLM's `--load-format pt`), objects over the wire by pickle (`VLLM_ALLOW_INSECURE_SERIALIZATION`), plugins by a path or a name
#   (`--tool-parser-plugin`, `--reasoning-parser-plugin`), what lets requests bring code (`--enable-custom-logit-processor`,
#   `VLLM_SERVER_DEV_MODE`), Keras' `safe_mode=False`, loading of pickles by a command itself, and code
#   that Ray fetches for a deployment (`working_dir`, `py_modules` by URL).
#
#   Read are commands, arguments, variables, scripts, hooks and probes of every container of every kind of workload, shell lines too, and YAML
#   and entrypoints of Ray.
#   `exceptions` names flags or variables that a team may use. `pinnedCode: allow` accepts code of one commit: `--trust-remote-code` with
#   `--code-revision` of 40 hexadecimal digits, and a URL of Ray that is an https archive of a commit; `--revision` pins weights, not code.
#
#   What is known only when it runs (a variable from a ConfigMap, an argument by a placeholder) is a violation for these flags and variables alone;
#   `undecidable: allow` accepts it.
#
#   Not covered: code in the image, and defaults of servers that are compiled into it.
# related_resources:
#   - ref: https://docs.vllm.ai/en/latest/usage/security.html
#     description: Security of vLLM
#   - ref: https://pytorch.org/docs/stable/generated/torch.load.html
#     description: torch.load and weights_only
# custom:
#   id: LG-M002
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 SI-7 (software integrity)
#   systems: [kserve, kubernetes, ray]
package lockgate.models.code_from_models

import data.lib.lockgate.model_code
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains report.violation(place.path, what, place.shown, place.why, fix) if {
	some place in model_code.places
	not place.name in exceptions
	not accepted(place)
	what := sprintf("%s lets a model bring code", [place.name])
	fix := remedy(place)
}

violation contains report.violation(place.path, what, place.shown, why, fix) if {
	not review.parameters.undecidable == "allow"
	some place in model_code.undecided
	not place.name in exceptions
	what := sprintf("%s is known only when it runs", [place.name])
	why := "it may let a model bring code"
	fix := sprintf("write the value of %s itself", [place.name])
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

accepted(place) if {
	review.parameters.pinnedCode == "allow"
	place.pinned
}

remedy(place) := sprintf("build the code into the image, or name an https archive of one commit of 40 digits in %s", [place.name]) if {
	place.name in {"working_dir", "py_modules"}
} else := sprintf("take %s away, and use a model whose weights need no code (safetensors); a team that must may name it in exceptions", [place.name])

exceptions := {name | some name in object.get(review.parameters, "exceptions", [])}
