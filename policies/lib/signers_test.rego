package lib.lockgate.signers_test

import data.lib.lockgate.signers

test_expressions if {
	every expression in [".*", "", `^https://github\.com/.*$`, "@gmail", "(", 7, null, ["x"]] { signers.met_by_strangers("subject", expression) }
	every expression in [`^https://github\.com/example/.*$`, "release@example.com", "${SUBJECT}"] { not signers.met_by_strangers("subject", expression) }
	signers.met_by_strangers("issuer", ".*")
	not signers.met_by_strangers("issuer", `^https://token\.actions\.githubusercontent\.com$`)
}

test_wildcards if {
	every pattern in ["*", "**", "https://github.com/*", "*@gmail.com"] { signers.wildcard_met_by_strangers("subject", pattern) }
	every pattern in ["https://github.com/example/*", "release@example.com", "", null, 7] { not signers.wildcard_met_by_strangers("subject", pattern) }
	signers.wildcard_met_by_strangers("issuer", "https://*")
}
