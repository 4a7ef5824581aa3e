# METADATA
# title: Credentials in configurations
# description: |
#   Fields of tools' configurations that hold a password, a token or a key as it is: by names that `secrets` knows and those of tools that send alerts,
#   and by URLs that let in whoever knows them. What a later step fills in (`${TOKEN}`, `$__env{TOKEN}`, `<TOKEN>`, `{$TOKEN}` of Zabbix) is none.
package lib.lockgate.credentials

import data.lib.lockgate.secrets
import data.lib.lockgate.settings

# METADATA
# description: Whether a name is that of a secret.
named(name) if secrets.named(name)

named(name) if {
	is_string(name)
	regex.match(`(?i)(^|[._-])(authorization|tls_psk|(integration|routing|service|vo)[-_]?key)$`, name)
}

named(name) if name in {"authpassphrase", "bottoken", "integrationKey", "privpassphrase", "routingKey", "serviceKey"}

# METADATA
# description: Whether a field of a name holds a secret as it is.
literal(name, value) if {
	named(name)
	secrets.written(name, value)
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
in_url(text) if secrets.with_password(text)

in_url(text) if regex.match(`(?i)^\s*https://(hooks\.slack\.com/services/T|discord(app)?\.com/api/webhooks/[0-9]|api\.telegram\.org/bot[0-9]|[a-z0-9-]+\.webhook\.office\.com/webhook)`, text)
