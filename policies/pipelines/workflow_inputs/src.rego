# METADATA
# title: What a workflow reads comes protected, and what it runs is known
# description: |
#   Artifacts and repositories that a workflow fetches are data that it trains on and code that it runs. They may not come over plain HTTP (or FTP, or git's own protocol) from outside of
#   the cluster, nor with verification off: `insecure` of a store outside, `insecureIgnoreHostKey` and `insecureSkipTLS` of git, `insecureSkipVerify` of a request.
#   The same holds for what it writes. Hosts in `allowedHosts` are trusted as those inside of the cluster are.
#
#   An image with a placeholder is known only when the workflow is submitted, by whoever submits it. It must take its value from a parameter with
#   `enum`, or from one for which each calling step of the same Workflow writes the value, or be written up to its tag or digest
#   (`registry.example.com/ml/train:{{…}}`). `images: allow` accepts any, where pods
#   are judged when they are created.
#
#   URLs with a placeholder for their host are accepted. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what a container fetches by itself, and repositories of artifacts that are configured in a ConfigMap.
# related_resources:
#   - ref: https://argo-workflows.readthedocs.io/en/latest/walk-through/hardwired-artifacts/
#     description: Artifacts of workflows
#   - ref: https://argo-workflows.readthedocs.io/en/latest/fields/#parameter
#     description: Parameters and their enum
# custom:
#   id: LG-P011
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
#     - NIST SP 800-53 SI-7 (software integrity)
#     - SLSA Build L2 (provenance)
#   systems: [argo-events, argo-workflows, katib]
package lockgate.pipelines.workflow_inputs

import data.lib.lockgate.argo
import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(place.path, "workflow reads over an unprotected connection", place.shown, why, fix) if {
	not updates.unchanged
	some place in unprotected
	why := "whoever stands between decides what it trains on or runs"
	fix := place.fix
}

violation contains report.violation(path, "image is chosen by whoever submits the workflow", image, why, fix) if {
	not updates.unchanged
	not review.parameters.images == "allow"
	some template in argo.templates
	some [path, image] in images_of(template)
	contains(image, "{{")
	not written_up_to_its_tag(image)
	not of_a_list(template, image)
	why := "its value is known only then, and any image runs with the workflow's rights"
	fix := "give the parameter an enum of images, or write the image up to its digest"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

inside(host) if hosts.inside(host)

inside(host) if hosts.listed(host, object.get(review.parameters, "allowedHosts", []))

parts := [{"path": array.concat(workflow.path, inner), "value": value} |
	some workflow in argo.workflows
	walk(workflow.value, [inner, value])
	is_object(value)
]

unprotected := array.concat(array.concat(plain, unverified), stores)

urls := [["http", "url"], ["git", "repo"], ["oss", "endpoint"], ["artifactory", "url"]]

plain := [{"path": path, "shown": text, "fix": "fetch it over HTTPS"} |
	some part in parts
	some field in urls
	text := part.value[field[0]][field[1]]
	is_string(text)
	hosts.plain(text)
	not inside(hosts.parse(text).host)
	path := array.concat(part.path, field)
]

switches := [["git", "insecureIgnoreHostKey"], ["git", "insecureSkipTLS"], ["http", "insecureSkipVerify"]]

unverified := [{"path": path, "shown": sprintf("%s is on", [field[1]]), "fix": sprintf("leave out %s", [field[1]])} |
	some part in parts
	some field in switches
	value := part.value[field[0]][field[1]]
	not value in {null, false}
	path := array.concat(part.path, field)
]

# An endpoint is a host with a port, and without one stands for the store that is configured elsewhere.
stores := [{"path": path, "shown": endpoint, "fix": "leave out insecure, and give the store a certificate"} |
	some part in parts
	value := part.value.s3.insecure
	not value in {null, false}
	endpoint := part.value.s3.endpoint
	is_string(endpoint)
	found := hosts.parse(sprintf("s3://%s", [endpoint]))
	not inside(found.host)
	path := array.concat(part.path, ["s3", "insecure"])
]

images_of(template) := [[path, image] |
	some pattern in workloads.template_container_patterns
	some container in workloads.matches(template.path, pattern)
	path := array.concat(container, ["image"])
	image := workloads.value_at(path)
	is_string(image)
]

# A registry with a repository, and then nothing but a tag or digest to be filled in.
written_up_to_its_tag(image) if regex.match(`^[a-zA-Z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:|@|@sha256:)\{\{[^{}]*\}\}$`, image)

# Is the whole image one parameter, which says what it may be?
of_a_list(template, image) if {
	found := regex.find_all_string_submatch_n(`^\{\{\s*(inputs|workflow)\.parameters\.([A-Za-z0-9_-]+)\s*\}\}$`, image, 1)
	[_, scope, name] := found[0]
	some parameter in declared(template, scope)
	parameter.name == name
	count([value | some value in parameter.enum; is_string(value); not contains(value, "{{")]) > 0
}

# Is it one parameter of a template that steps of the same workflow call, all of them with values that are written there?
of_a_list(template, image) if {
	found := regex.find_all_string_submatch_n(`^\{\{\s*inputs\.parameters\.([A-Za-z0-9_-]+)\s*\}\}$`, image, 1)
	name := found[0][1]
	some workflow in argo.workflows
	workflow.path == template.workflow
	workflow.name in {"argoproj.io/CronWorkflow", "argoproj.io/Workflow"} # other workflows call the templates of the rest
	called := template.value.name
	not called in {workflow.value.entrypoint, object.get(workflow.value, "onExit", "")}
	calls := [call | walk(workflow.value, [_, call]); call.template == called]
	count(calls) > 0
	every call in calls {
		fixes(call, name)
	}
}

fixes(call, name) if {
	values := [parameter.value | some parameter in call.arguments.parameters; parameter.name == name]
	count(values) == 1
	written(call, values[0])
}

written(_, value) if {
	is_string(value)
	not contains(value, "{{")
}

written(call, value) if {
	is_string(value)
	not contains(regex.replace(value, `\{\{\s*item(\.[A-Za-z0-9_.-]+)?\s*\}\}`, ""), "{{")
	is_array(call.withItems)
	not contains(json.marshal(call.withItems), "{{")
}

declared(template, "inputs") := workloads.children(array.concat(template.path, ["inputs", "parameters"]))

declared(template, "workflow") := workloads.children(array.concat(template.workflow, ["arguments", "parameters"]))
