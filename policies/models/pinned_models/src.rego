# METADATA
# title: Models come from allowed places and are pinned
# description: |
#   Every model, adapter and data set that a workload loads must come from a place that this constraint allows, under a reference that
#   cannot bring other bytes tomorrow. What was scanned, evaluated and approved is then what runs.
#
#   Read are the fields of KServe, Kubeflow Trainer, SageMaker, Seldon and Ray, arguments and variables of model servers (vLLM, SGLang,
#   TGI, Triton, llama.cpp), the annotation and the init container that KServe's controller writes, image volumes, and YAML inside Ray's strings.
#   A place is a beginning of the reference of whole parts: `hf://meta-llama`, `s3://models/fraud`, `oci://registry.example.com/ml`; `hf://` is all of
#   a scheme, and `*` is any place. A name without a scheme that a model server would look up (`org/model`) is `hf://org/model`.
#
#   What pins a reference, by `pins`: `content` (an image digest, a commit of 40 hexadecimal digits), `version` (a versionId of S3, a generation of
#   Google Cloud Storage, a version number of a registry), `name` (a sha256 digest in the path, which the store does not compare). Without the parameter
#   these are `content` and `version`. Branches, tags, aliases, stages, `latest`, volumes and web pages pin nothing.
#
#   A reference that cannot be read is a violation, and so is one that is known only when it runs; `undecidable: allow` accepts the latter where the
#   pods that come of it are judged when they are created.
#
#   Not covered: what code inside an image fetches, and models that lie in an image (the image's digest pins these).
# related_resources:
#   - ref: https://kserve.github.io/website/docs/model-serving/storage/overview
#     description: Storage of models in KServe
# custom:
#   id: LG-M001
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 SI-7 (software integrity)
#     - NIST AI 100-2 2.3 (poisoning)
#   systems: [kserve, kubeflow-model-registry, kubeflow-trainer, kubernetes, mlflow, sagemaker]
package lockgate.models.pinned_models

import data.lib.lockgate.models
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains report.violation(found.path, sprintf("%s reference is not readable", [noun(found.use)]), found.text, why, fix) if {
	some found in judged
	found.pin == "unreadable"
	why := "what it would load cannot be told"
	fix := sprintf("write scheme://place in %s", [paths.field(found.path)])
}

violation contains report.violation(found.path, sprintf("%s is known only when it runs", [noun(found.use)]), found.text, why, fix) if {
	not review.parameters.undecidable == "allow"
	some found in judged
	found.pin == "unknown"
	why := "what it would load cannot be judged"
	fix := sprintf("write the reference itself, pinned, in %s", [paths.field(found.path)])
}

violation contains report.violation(found.path, what, found.text, why, fix) if {
	some found in judged
	not found.pin in {"unreadable", "unknown"}
	problems := array.concat(place_problem(found), pin_problem(found))
	count(problems) > 0
	what := sprintf("%s is %s", [noun(found.use), concat(" and ", [problem.what | some problem in problems])])
	why := concat(", and ", [problem.why | some problem in problems])
	fix := problems[0].fix
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

# A data set is judged where the constraint says so.
judged := [found | some found in models.references; found.use in uses]

uses := {use | some use in object.get(review.parameters, "uses", ["model", "adapter", "volume"])}

noun("dataset") := "data set"

noun(use) := use if use in {"model", "adapter"}

noun("volume") := "image volume"

place_problem(found) := [] if {
	some place in places
	lies_in(found.uri, place)
} else := [{
	"what": "from a place that is not allowed",
	"why": sprintf("allowed are: %s", [report.names(places)]),
	"fix": "copy it to an allowed place, and name the copy, pinned",
}]

places := {place | some place in object.get(review.parameters, "allowedPlaces", [])}

lies_in(_, place) if place == "*"

lies_in(uri, place) if uri == place

lies_in(uri, place) if {
	endswith(place, "/")
	startswith(uri, place)
}

lies_in(uri, place) if {
	startswith(uri, place)
	substring(uri, count(place), 1) in {"/", ":", "@"}
}

pin_problem(found) := [] if {
	found.pin in pins
} else := [{"what": "not pinned", "why": moves(found), "fix": remedy(found)}]

pins := {pin | some pin in object.get(review.parameters, "pins", ["content", "version"])}

moves(found) := "a digest in a path is not compared with the bytes" if {
	found.pin == "name"
} else := "a version is kept by its store alone" if {
	found.pin == "version"
} else := "it may bring other bytes after review"

remedies := {
	"arn": "name a version of the model package",
	"gs": "add the generation of the object (#<generation>), or use an image with a digest",
	"hf": "add the commit of 40 hexadecimal digits (hf://owner/model:<commit>; --revision for a model server)",
	"model-registry": "add the version (model-registry://name/version)",
	"models": "write the version number (models:/name/7) in place of an alias or a stage",
	"modelscope": "add the commit of 40 hexadecimal digits (modelscope://owner/model:<commit>)",
	"oci": "pin it by digest (oci://registry/repository@sha256:<64 hex digits>)",
	"s3": "add the version of the object (?versionId=<id>), or use an image with a digest",
	"wandb-artifact": "write the version (…:v7) in place of an alias",
}

remedy(found) := object.get(remedies, found.scheme, "name a copy in a store that keeps versions, or an image with a digest")
