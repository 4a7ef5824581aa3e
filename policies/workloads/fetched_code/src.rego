# METADATA
# title: Programs are not fetched and run at once
# description: |
#   A container that pipes a download into a shell runs what a server answers that day, and what whoever stands between puts there: no review, scan or digest of
#   its image says anything of it. Refused are a download that is piped into a shell or an interpreter, put into one by substitution (`bash <(curl …)`,
#   `sh -c "$(curl …)"`), or handed to Python's `exec`; a file that a download wrote and the same lines run; packages of pip and uv by a URL that names no commit of 40 digits
#   or digest; and `kubectl apply -f` of a URL that names none.
#
#   Read are commands, arguments, scripts, hooks and probes of every container of every kind of workload, compiled pipelines and Ray's entrypoints. A
#   program that is compared with a digest (`sha256sum -c`) before it runs is accepted. Hosts in `allowedHosts` are trusted; `*.example.com` is every host below
#   `example.com`.
#
#   Not covered: repositories that are cloned and then run, packages by name (pipelines/runtime_installs), and what programs in the image fetch by themselves.
# related_resources:
#   - ref: https://slsa.dev/spec/v1.0/threats
#     description: Threats to the supply chain
# custom:
#   id: LG-W010
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 SI-7 (software integrity)
#     - NIST SP 800-53 SR-3 (supply chain controls and processes)
#   systems: [argo-workflows, kserve, kubeflow-pipelines, kubeflow-trainer, kubernetes, ray]
package lockgate.workloads.fetched_code

import data.lib.lockgate.hosts
import data.lib.lockgate.programs
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(one.path, "program is fetched and run at once", shown, why, fix) if {
	not updates.unchanged
	some one in read
	some found in fetched(one.text)
	not trusted(found)
	shown := places(found)
	why := "whoever answers, or stands between, decides what runs"
	fix := "build it into the image, or compare it with a digest (sha256sum -c) before it runs"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

# Most texts fetch nothing, which is told at once. A line goes on behind a backslash.
read := [{"path": said.path, "text": text} |
	some said in programs.texts
	regex.match(`curl|wget|urlopen|requests|urlretrieve|://`, said.text)
	text := regex.replace(regex.replace(said.text, `\\\s*\n`, " "), `(?m)^\s*#.*$`, "")
]

fetched(text) := array.concat(direct(text), array.concat(written(text), array.concat(kept(text), made(text))))

direct(text) := [found |
	not is_compared(text)
	some pattern in patterns
	some found in regex.find_n(pattern, text, 8)
	not is_pinned(found)
]

patterns := [
	# Piped into what runs it; with a program of its own (`python3 -c`, `-m json.tool`) an interpreter reads data.
	`\b(curl|wget)\s[^|\n;]*\|[^\n;&]*?\b((ba|da|z|k|a)?sh\b|(python[0-9.]*|perl|ruby|node)(\s*$|\s*[\n;&|"']|\s+-(\s|$)))`,
	`\b((ba|da|z|k|a)?sh|source|eval|\.)\s+(-[a-z]+\s+)*["']?(<\(|\$\(|\x60)\s*(curl|wget)\s[^)\x60\n]*`,
	`\b(exec|eval)\s*\([^\n]*(urlopen|requests\.get|httpx\.get)\s*\([^\n)]*`,
	`\b(pip[0-9.]*|uv)\s+([a-z]+\s+)*(install|add)\s[^\n;&|]*(git\+|https?://)[^\s"']+`,
	`\bkubectl\s[^\n;&|]*\b(apply|create|replace)\s[^\n;&|]*(-f|--filename)[ =]?https?://[^\s"']+`,
]

# An index is no package, and what names a commit or a digest stays as it is.
is_pinned(found) if {
	regex.match(`\b(pip|uv)`, found)
	every url in regex.find_n(`(git\+|https?://)[^\s"']+`, regex.replace(found, `(--(extra-)?index-url|-i|--find-links|-f|--trusted-host|--default-index|--index)[ =]+\S+`, ""), -1) {
		regex.match(`@[0-9a-f]{40}|#(\S*&)?sha256=[0-9a-f]{64}`, url)
	}
}

is_pinned(found) if {
	contains(found, "kubectl")
	regex.match(`/[0-9a-f]{40}/`, found)
}

is_compared(text) if regex.match(`\b(sha(256|512)sum|shasum)\s[^\n]*(-c|--check)\b`, text)

# A file that a download wrote, and that is run.
written(text) := [found |
	not is_compared(text)
	some [found, _, _, name] in regex.find_all_string_submatch_n(`\b(curl|wget)\s[^\n;|&]*?(-o|-O|--output|--output-document|>)[ =]?\s*([A-Za-z0-9_./-]+\.(?:sh|py|bash|pl))\b[^\n;|&]*`, text, 8)
	base := regex.replace(name, `^.*/`, "")
	runs(text, base)
]

runs(text, base) if regex.match(sprintf(`(^|[\s;&])((ba|da|z)?sh|python[0-9.]*|source|\.|perl)\s+(-\S+\s+)*\S*%s\b`, [escaped(base)]), text)

runs(text, base) if regex.match(sprintf(`(^|[;&\n])\s*(sudo\s+)?(\./|/)\S*%s\b`, [escaped(base)]), text)

# Under the name that its address ends with.
kept(text) := [found |
	not is_compared(text)
	some [found, _, name] in regex.find_all_string_submatch_n(`\b(wget|curl\s[^\n;|&]*-[a-zA-Z]*O)\s[^\n;|&]*://[^\s;|&]*/([A-Za-z0-9_.-]+\.(?:sh|py|bash|pl))\b[^\n;|&]*`, text, 8)
	runs(text, name)
]

# A program of any name that is made to run.
made(text) := [found |
	not is_compared(text)
	some [found, _, _, name] in regex.find_all_string_submatch_n(`\b(curl|wget)\s[^\n;|&]*?(-[a-zA-Z]*[oO]|--output|--output-document|>)[ =]?\s*([A-Za-z0-9_./-]+)\b[^\n;|&]*`, text, 8)
	not regex.match(`\.(sh|py|bash|pl)$`, name)
	regex.match(sprintf(`\bchmod\s+(-\S+\s+)*(\S*\+\S*x\S*|0?7[0-7][0-7])\s+([^\n;&]*\s)?%s($|[\s;&])`, [escaped(name)]), text)
]

escaped(text) := regex.replace(text, `([.+*?()\[\]{}|^$-])`, `\$1`)

trusted(found) if {
	named := {hosts.parse(url).host | some url in regex.find_n(`[a-z+]+://[^\s"'|)]+`, found, -1)}
	count(named) > 0
	every host in named {
		hosts.listed(host, object.get(review.parameters, "allowedHosts", []))
	}
}

# Without what else stands on the line, which may be a secret.
places(found) := concat(", ", named) if {
	named := sort({parsed.host | some url in regex.find_n(`[a-z+]+://[^\s"'|)]+`, found, -1); parsed := hosts.parse(url)})
	count(named) > 0
} else := "from elsewhere"
