# METADATA
# title: Credentials
# description: |
#   Whether a field holds a password, a token or a key as it is, by its name and by what a URL has in it. What a later step fills in
#   (`${TOKEN}`, `$__env{TOKEN}`, `<TOKEN>`) is none, and neither is a reference to a Secret.
package lib.lockgate.credentials

import data.lib.lockgate.hosts
import data.lib.lockgate.settings

# METADATA
# description: Whether a name is that of a secret.
named(name) if {
	is_string(name)
	regex.match(`(?i)(authorization|pass|passwd|password|passphrase|secret|token|credentials|(api|access|auth|integration|private|routing|secret|service|vo)[-_]?key)$`, name)
}

# METADATA
# description: Whether a field of a name holds a secret as it is.
literal(name, value) if {
	named(name)
	settings.literal(value)
	not lower(value) in {"false", "true"}
}

literal(_, value) if {
	settings.literal(value)
	in_url(value)
}

# METADATA
# description: Paths, below a value, of the fields that hold a secret as it is.
literals(value) := [rest |
	walk(value, [rest, leaf])
	is_string(leaf)
	literal(rest[count(rest) - 1], leaf)
]

# METADATA
# description: |
#   Whether a URL holds what lets somebody in: a password before `@`, or the path of a channel of chat services, which whoever knows it may write to.
in_url(text) if {
	password := split(hosts.parse(text).user, ":")[1]
	settings.literal(password)
	not regex.match(`^(\*+|xxx+)$`, lower(password))
}

in_url(text) if regex.match(`(?i)^\s*https://(hooks\.slack\.com/services/T|discord(app)?\.com/api/webhooks/[0-9]|api\.telegram\.org/bot[0-9]|[a-z0-9-]+\.webhook\.office\.com/webhook)`, text)
