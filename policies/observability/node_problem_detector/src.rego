# METADATA
# title: Node Problem Detector runs what was shipped with it, and reports what it says
# description: |
#   The Node Problem Detector is privileged on every node, and its conditions decide where pods run. Refused are scripts of custom plugins that lie where others write (`/tmp`, `/var/tmp`, `/dev/shm`, `/home`, `/mnt`, or a path with
#   `..`), plugins that are a shell or a download, configurations and scripts that its pods take from a folder of the node, patterns that are no regular expression or that fit every line, and
#   rules of a condition that the monitor does not declare, which no node ever shows.
#
#   Configurations are read in files and in ConfigMaps, pods by an image named `node-problem-detector`. Paths that begin with `./` lie in the image, and `/home/kubernetes/bin` is written by nobody on GKE's nodes. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what a script in the image does, and the rights of the pods, which `workloads/container_rights` judges.
# related_resources:
#   - ref: https://github.com/kubernetes/node-problem-detector/blob/master/docs/custom_plugin_monitor.md
#     description: Monitors of custom plugins
#   - ref: https://github.com/kubernetes/node-problem-detector
#     description: Node Problem Detector
# custom:
#   id: LG-O009
#   severity: high
#   external: false
#   systems: [node-problem-detector]
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 SI-4 (system monitoring)
package lockgate.observability.node_problem_detector

import data.lib.lockgate.configurations
import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(place(found, "path"), "a plugin lies where others write", found.rule.path, why, fix) if {
	not updates.unchanged
	some found in rules
	settings.text(found.rule.path)
	writable(found.rule.path)
	why := "whoever writes there runs programs as root on every node"
	fix := "put the script into the image, and name it by its path there"
}

violation contains report.violation(place(found, "args"), "a plugin is a shell, or fetches what it runs", shown, why, fix) if {
	not updates.unchanged
	some found in rules
	settings.text(found.rule.path)
	words := array.concat([found.rule.path], [word | some word in found.rule.args; is_string(word)])
	command := concat(" ", words)
	shell(found.rule.path, words, command)
	shown := command
	why := "what runs on every node as root is in no image that was approved"
	fix := "put a script into the image, and name it by path"
}

violation contains report.violation(place(found, "pattern"), "a pattern fits nothing, or everything", settings.shown(found.rule.pattern), why, fix) if {
	not updates.unchanged
	some found in rules
	pattern := found.rule.pattern
	not useful(pattern)
	why := "a problem is never seen, or every line is one"
	fix := "write a regular expression of the lines that tell of the problem"
}

violation contains report.violation(place(found, "condition"), "a rule is of a condition that is not declared", settings.shown(object.get(found.rule, "condition", null)), why, fix) if {
	not updates.unchanged
	some found in rules
	found.rule.type == "permanent"
	not object.get(found.rule, "condition", null) in {condition.type | some condition in found.document.value.conditions}
	why := "no node shows it, and nothing is kept away from a broken one"
	fix := "declare it in conditions, with type, reason and message"
}

violation contains report.violation(array.concat(mount.path, ["mountPath"]), "its configuration comes from a folder of the node", mount.value.mountPath, why, fix) if {
	not updates.unchanged
	some mount in mounts
	regex.match(`^/+(config|custom-config)(/|$)`, mount.value.mountPath)
	why := "whoever writes on the node decides what runs as root, and what is reported"
	fix := "mount a ConfigMap, and put scripts into the image"
}

writable(path) if {
	not regex.match(`^/home/kubernetes/bin/[A-Za-z0-9_-]+$`, path) # where the image of GKE's nodes has them
	in_open_folder(path)
}

in_open_folder(path) if regex.match(`^/+(tmp|var/tmp|dev/shm|home|mnt|media|run/user|var/lib/kubelet/pods)(/|$)`, path)

writable(path) if regex.match(`(^|/)\.\.(/|$)`, path)

shell(path, words, _) if {
	regex.match(`(^|/)(ba|da|z|k|a)?sh$`, path)
	some word in words
	regex.match(`^-[a-z]*c$`, word)
}

shell(_, _, command) if regex.match(`(^|[\s/|;&])(curl|wget)\s.*(\||;|&&)\s*(\S*/)?(ba|da|z|k|a)?sh\b|base64\s+(-d|--decode)`, command)

# What asks the node itself is a check of it.
shell(path, words, _) if {
	regex.match(`(^|/)(curl|ftp|nc|ncat|wget)$`, path)
	some word in words
	host := hosts.parse(word).host
	not hosts.inside(host)
	host != "localhost"
}

useful(pattern) if {
	is_string(pattern)
	trim_space(pattern) != ""
	regex.is_valid(pattern)
	not regex.match(sprintf("^(%s)$", [pattern]), "systemd[1]: Started Daily apt download activities.")
}

# Expressions that the library of this engine does not take are Go's, and may be right.
useful(pattern) if {
	is_string(pattern)
	contains(pattern, "(?")
}

rules := [{"document": document, "index": i, "rule": rule} |
	some document in configurations.documents
	document.kind == "NodeProblemDetectorConfig"
	some i, rule in document.value.rules
	is_object(rule)
]

place(found, field) := configurations.place(found.document, ["rules", found.index, field])

mounts := [{"path": path, "value": mount} |
	some container in workloads.containers
	container.pod != null
	contains(container.value.image, "node-problem-detector")
	some i, mount in container.value.volumeMounts
	is_string(mount.mountPath)
	path := array.concat(container.path, ["volumeMounts", i])
	some volume in object.get(workloads.value_at(container.pod), "volumes", [])
	volume.name == mount.name
	is_object(volume.hostPath)
]
