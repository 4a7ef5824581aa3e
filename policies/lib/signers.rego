# METADATA
# title: Signers that nobody knows
# description: |
#   Whether an expression or a pattern for who signed is met by somebody whom nobody named: keyless signatures are made by whoever has an account. It is tried with names that nobody has.
package lib.lockgate.signers

import data.lib.lockgate.images

# METADATA
# description: |
#   Whether a regular expression for an `issuer` or a `subject` is met by strangers. One that cannot be read is, unless a later step fills it in.
met_by_strangers(_, expression) if not is_string(expression)

met_by_strangers(_, expression) if {
	is_string(expression)
	not images.placeholder(expression)
	not readable(expression)
}

met_by_strangers(name, expression) if {
	readable(expression)
	some stranger in strangers[name]
	regex.match(expression, stranger)
}

# METADATA
# description: Whether a name in which `*` stands for anything is met by strangers.
wildcard_met_by_strangers(name, pattern) if {
	is_string(pattern)
	some stranger in strangers[name]
	glob.match(pattern, null, stranger)
}

readable(expression) if {
	is_string(expression)
	count(expression) <= 1000
	regex.is_valid(expression)
}

strangers := {
	"issuer": {"https://issuer.stranger.invalid", "https://stranger.invalid/realms/any"},
	"subject": {
		"https://github.com/stranger-7f3a9c/repository/.github/workflows/any.yml@refs/heads/any",
		"https://gitlab.com/stranger-7f3a9c/project//.gitlab-ci.yml@refs/heads/any",
		"stranger-7f3a9c@gmail.com", "stranger@stranger.invalid", "https://stranger.invalid/any",
	},
}
