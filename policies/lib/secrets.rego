# METADATA
# title: Secrets that are written out
# description: |
#   By what a password, a token or a key is known where it stands in an object: by the name beside it, or by its own shape. What a later step fills in,
#   what names a place of secrets, and words that people write where a value is wanted are no secrets.
package lib.lockgate.secrets

import data.lib.lockgate.settings

# METADATA
# description: Whether what has this name is a secret (`HF_TOKEN`, `clientSecret`, `db-password`).
named(name) if {
	is_string(name)
	count(name) <= 256
	words := upper(regex.replace(regex.replace(name, `([a-z0-9])([A-Z])`, "${1}_${2}"), `[-.\s]+`, "_"))
	regex.match(`(^|_)([A-Z]*PASSWORD|(BASIC|HTTP|PROXY|REDIS)_AUTH|PASSWD|PASSPHRASE|PASS|PWD|SECRET|TOKEN|CREDENTIALS?|APIKEY|(API|ACCESS|SECRET|SECRET_ACCESS|PRIVATE|ACCOUNT|AUTH|ENCRYPTION|SIGNING|LICENSE|LICENCE|AZURE_STORAGE|SHARED|MASTER)_?KEY)$`, words)
	not words in {"OLDPWD", "PWD"}

	# In charts these are names of Secrets.
	not regex.match(`(^|_)(AUTH|CA|CERT|CERTIFICATE|CONFIG|CREDENTIALS?|EXISTING|IMAGE|KEY|NAME|PASSWORD|PULL|TLS|TOKEN)_SECRET$`, words)
}

# METADATA
# description: Whether a value beside such a name is one that is to be kept secret. Numbers count for passwords alone (`MAX_TOKEN=2048`).
written(name, value) if {
	settings.literal(value)
	not reference(value)
	not stand_in(name, value)
	not lower(trim_space(value)) in switches
	not counted(name, value)
}

switches := {
	"anonymous", "basic", "bearer", "disable", "disabled", "enable", "enabled", "f", "false", "iam", "key", "kerberos", "ldap", "n", "no", "oauth", "oauth2",
	"off", "oidc", "on", "required", "t", "true", "y", "yes",
}

counted(name, value) if {
	regex.match(`^\s*[0-9][0-9.,_]*\s*$`, value)
	not regex.match(`(?i)pass|pwd|secret`, name)
}

# A file, an address without a password, or a place in a store of secrets.
reference(value) if regex.match(`^\s*(/|\./|~|file:|secret:|secrets?/|vault:|ref\+|op://|sm://|arn:|projects/|akv[@:]|ENC\[|AgA[A-Za-z0-9+/])`, value)

reference(value) if {
	regex.match(`^\s*[A-Za-z][A-Za-z0-9+.-]*://`, value)
	not with_password(value)
}

# What people write where a value is wanted.
stand_in(_, value) if {
	regex.match(
		`(?i)^\s*["']?(dummy|none|null|nil|empty|unused|unset|n/?a|not[-_ ](used|needed|required|set)|undefined|redacted|todo|tbd|x{3,}|\*+|\.{3,}|-+|(fake|dummy|example|sample|placeholder|replace|insert|your|enter|fill|add|put|set|update|change)([-_ .:].*|$))["']?\s*$`,
		value,
	)
	not regex.match(`(?i)^\s*change[-_ ]?me`, value)
}

stand_in(name, value) if plain(name) == plain(value)

# `nvapi-NVKEY`, `<TOKEN>`, `REPLACE_WITH_YOUR_TOKEN`: words in capital letters after a prefix.
stand_in(_, value) if regex.match(`^\s*([a-z]{2,8}[-_])?[A-Z]{2,}([-_ ][A-Z]{2,}){0,8}\s*$`, value)

plain(text) := lower(regex.replace(text, `[^A-Za-z0-9]`, ""))

# METADATA
# description: |
#   What a text holds that is a secret by its shape: `token`, `private key` or `password in a URL`; a list, since a text may hold more.
held(text) := [what |
	count(text) >= 12
	count(text) <= 1048576
	some what, pattern in shapes
	some found in regex.find_n(pattern, text, 16)
	accepted(what, found)
]

accepted("private key", _)

accepted("credential of a header", found) if {
	regex.match(`[0-9]`, found)
	not regex.match(`(?i)example|xxxx|\*\*\*|dummy|your[-_]|placeholder|token|secret`, found)
}

accepted("login", found) if {
	password := regex.replace(found, `^.*[\s:=]`, "")
	settings.literal(password)
	not regex.match(`[<>{}$*]`, password)
	not stand_in("password", password)
}

accepted("token", found) if not regex.match(`(?i)example|xxxx|\*\*\*|dummy|your[-_]|placeholder|abcdefgh|12345678`, found)

accepted("password in a URL", found) if with_password(found)

# https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
shapes := {
	"private key": `-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----`,
	"token": concat("|", [
		`\b(AKIA|ASIA)[0-9A-Z]{16}\b`,
		`\bgh[oprsu]_[A-Za-z0-9]{36,}`,
		`\bgithub_pat_[A-Za-z0-9_]{22,}`,
		`\bglpat-[A-Za-z0-9_-]{20,}`,
		`\bhf_[A-Za-z0-9]{30,}`,
		`\bsk-(proj-|ant-[a-z0-9]+-)?[A-Za-z0-9_-]{32,}`,
		`\bxox[abeprs]-[A-Za-z0-9-]{10,}`,
		`\bAIza[0-9A-Za-z_-]{35}`,
		`\bya29\.[A-Za-z0-9_-]{20,}`,
		`\bnvapi-[A-Za-z0-9_-]{40,}`,
		`\bdckr_pat_[A-Za-z0-9_-]{20,}`,
		`\bnpm_[A-Za-z0-9]{36}`,
		`\bhv[sb]\.[A-Za-z0-9_-]{24,}`,
		`\bAccountKey=[A-Za-z0-9+/]{40,}`,
		`\bhttps://hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{16,}`,
		`"auth"\s*:\s*"[A-Za-z0-9+/]{12,}={0,2}"`,
		`\bpypi-[A-Za-z0-9_-]{50,}`,
		`\b[rs]k_live_[A-Za-z0-9]{20,}`,
		`\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}`,
		`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`,
	]),
	"credential of a header": `(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_.=-]{16,}`,
	"login": concat("|", [
		`\bcurl\s[^\n;|&]*?(-u\s*|--user[ =])["']?[^\s:'"]+:[^\s'"]{4,}`,
		`\b(wandb|huggingface-cli|hf|docker|podman|helm registry|az|oc|vault)\s[^\n;|&]*?login\s[^\n;|&]*?(-p|-w|--password|--token|--key|token)[ =][^\s'"]{6,}`,
		`\bwandb\s+login\s+(--relogin\s+)?[0-9a-f]{40}\b`,
		`\bsshpass\s+-p\s*[^\s'"]{4,}`,
	]),
	"password in a URL": `[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@'"]*:[^\s/?#@'"]+@[^\s/?#@'"]+`,
}

with_password(text) if {
	some found in regex.find_all_string_submatch_n(`://[^\s/?#:@'"]*:([^\s/?#@'"]+)@`, text, 4)
	settings.literal(found[1])
	not stand_in("password", found[1])
}

# METADATA
# description: |
#   The names of what a text sets to a secret, as scripts, files of settings and code do: `export DB_PASSWORD=…`, `password: …`, `"apiKey": "…"`, `--token …`; a list. Without
#   quotes a value is taken for one only where it has a digit or a sign that no word has.
assigned(text) := [name |
	count(text) >= 10
	count(text) <= 1048576
	regex.match(`(?i)pass|pwd|secret|token|key|credential|auth`, text)
	some pattern in assignments
	some found in regex.find_all_string_submatch_n(pattern, text, 512)
	name := found[1]
	named(name)
	value := concat("", [found[2], found[3], found[4]])
	count(value) >= 4
	not regex.match(`[${}<>()\[\]]|\\n`, value)
	written(name, value)
	odd(found[4])
]

# NAME=value and NAME: value; a flag or a line of netrc, where a space is between; and a pair of a name and a value.
assignments := [concat("", [pattern, `(?:"([^"\n]{1,512})"|'([^'\n]{1,512})'|([^\s"',;&|#]{4,512}))`]) |
	some pattern in [
		`(?m)(?:^|[\s;&|,{\[("'?-])([A-Za-z][A-Za-z0-9_.-]{2,80})["']?\]?[ \t]*(?:=|:[ \t]|:=)[ \t]*`,
		`(?im)(?:^|[\s"'-])([a-z0-9_.-]{0,40}(?:password|passwd|token|secret|api[-_]?key))[ \t]+`,
		`["']?(?:name|key)["']?:[ \t]*["']?([A-Za-z][A-Za-z0-9_.-]{2,80})["']?,?\s+["']?(?:value|default)["']?:[ \t]*`,
	]
]

# What stands in quotes has none of this.
odd("")

odd(value) if {
	regex.match(`[0-9!@%^*+/=]`, value)
	not regex.match(`^[A-Za-z_]+[.(:]`, value)
}
