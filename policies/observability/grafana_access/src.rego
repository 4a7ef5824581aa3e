# METADATA
# title: Grafana asks who is there
# description: |
#   Whoever sees Grafana sees what its data sources answer, of all teams, and whoever administers it sends queries with their credentials. Refused are
#   access without an account (`auth.anonymous`), accounts that visitors make for themselves (`users.allow_sign_up`), a header that says who it is from
#   anybody (`auth.proxy` without `whitelist`), passwords and keys that stand in the configuration (`admin_password`, `client_secret` and
#   the like), certificates that are not verified, by Grafana or by its operator, plugins without a signature, the role of an administrator for everybody (`users.auto_assign_org_role`), and protections that are turned off
#   (`disable_brute_force_login_protection`, `oauth_allow_insecure_email_lookup`, `disable_sanitize_html`). With `anonymousRole: viewer` visitors without an account may look, and no more.
#
#   Settings are read in the `config` of a Grafana, in variables `GF_…` of containers, in files `….ini` of ConfigMaps, and under `grafana.ini` in values of charts, with `adminPassword`
#   there. A Grafana that listens to its own pod alone (`server.http_addr`) may leave it to what stands beside it to ask. `$__file{…}`, `$__env{…}` and other placeholders are accepted. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: secrets in variables, which `identity/literal_secrets` refuses, the password `admin` that Grafana begins with where nobody sets one, what an Ingress in front of it asks, and rights that are given in Grafana itself.
# related_resources:
#   - ref: https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/
#     description: Grafana's configuration
#   - ref: https://grafana.github.io/grafana-operator/docs/
#     description: The operator of Grafana
# custom:
#   id: LG-O001
#   severity: critical
#   external: false
#   systems: [grafana]
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 IA-5 (authenticator management)
package lockgate.observability.grafana_access

import data.lib.lockgate.configurations
import data.lib.lockgate.credentials
import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(given.path, "visitors need no account", shown, why, fix) if {
	not updates.unchanged
	some given in found
	given.name == "auth.anonymous.enabled"
	on(given.value)
	not behind(given)
	roles := {lower(sprintf("%v", [other.value])) | some other in found; other.name == "auth.anonymous.org_role"; other.place == given.place}
	not only_looks(roles)
	shown := sprintf("%s, %s", [given.name, powers[(roles - {"viewer"}) == set()]])
	why := "whoever reaches Grafana reads what its data sources hold, and where the role is more than to look, queries them at will"
	fix := "set auth.anonymous.enabled to false, and let people sign in"
}

violation contains report.violation(given.path, "visitors make accounts for themselves", "allow_sign_up", why, fix) if {
	not updates.unchanged
	some given in found
	given.name == "users.allow_sign_up"
	on(given.value)
	why := "an account that anybody may make keeps nobody out"
	fix := "set users.allow_sign_up to false"
}

violation contains report.violation(given.path, "a header says who somebody is", "auth.proxy without whitelist", why, fix) if {
	not updates.unchanged
	some given in found
	given.name == "auth.proxy.enabled"
	on(given.value)
	not behind(given)
	lists := [other | some other in found; other.name == "auth.proxy.whitelist"; other.place == given.place; settings.text(other.value)]
	count(lists) == 0
	why := "whoever reaches Grafana past the proxy is whom the header names, an administrator too"
	fix := "set auth.proxy.whitelist to the addresses of the proxy"
}

violation contains report.violation(given.path, "a secret stands in Grafana's configuration", given.name, why, fix) if {
	not updates.unchanged
	some given in found
	credentials.literal(given.name, given.value)
	why := "everybody who may read the object has it"
	fix := "take it from a Secret (a variable with valueFrom.secretKeyRef, or $__file{…}), and replace the secret"
}

violation contains report.violation(given.path, "certificates are not verified", given.name, why, fix) if {
	not updates.unchanged
	some given in found
	regex.match(`\.(tls_skip_verify_insecure|skip_verify|tls_skip_verify)$`, given.name)
	on(given.value)
	why := "whoever stands between reads what is sent, credentials too"
	fix := "give the authority's certificate (tls_client_ca), and leave the setting out"
}

violation contains report.violation(path, "the operator does not verify Grafana", "insecureSkipVerify", why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "grafana.integreatly.org/Grafana"
	walk(settings.fields(object.get(at.value, "spec", {})), [rest, value])
	rest[count(rest) - 1] in {"insecureSkipVerify"}
	value in {true, "true"}
	path := array.concat(at.path, array.concat(["spec"], rest))
	why := "whoever stands between is sent the administrator's password"
	fix := "name the authority's certificate (tls.certSecretRef), and leave the setting out"
}

violation contains report.violation(path, "the operator reaches Grafana over plain HTTP", url, why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "grafana.integreatly.org/Grafana"
	path := array.concat(at.path, ["spec", "external", "url"])
	url := workloads.value_at(path)
	hosts.plain(url)
	why := "whoever stands between has the administrator's password"
	fix := "use the https URL"
}

violation contains report.violation(given.path, "everybody who signs in administers Grafana", given.name, why, fix) if {
	not updates.unchanged
	some given in found
	given.name == "users.auto_assign_org_role"
	lower(sprintf("%v", [given.value])) == "admin"
	why := "an administrator changes data sources, and takes their credentials"
	fix := "leave the setting out, and name administrators"
}

violation contains report.violation(given.path, "a protection of Grafana is off", given.name, why, fix) if {
	not updates.unchanged
	some given in found
	given.name in {"auth.oauth_allow_insecure_email_lookup", "panels.disable_sanitize_html", "security.disable_brute_force_login_protection"}
	on(given.value)
	why := "it keeps passwords from being guessed, accounts from being taken, and scripts out of dashboards"
	fix := "leave the setting out"
}

violation contains report.violation(given.path, "plugins need no signature", given.name, why, fix) if {
	not updates.unchanged
	some given in found
	given.name == "plugins.allow_loading_unsigned_plugins"
	settings.literal(given.value)
	why := "a plugin is code that runs in Grafana, with the credentials of its data sources"
	fix := "sign the plugin, and leave the setting out"
}

# What listens to its own pod alone is reached through what stands beside it.
behind(given) if {
	some other in found
	other.name == "server.http_addr"
	other.place == given.place
	other.value in {"127.0.0.1", "::1", "localhost"}
}

on(value) if value == true

on(value) if {
	is_string(value)
	lower(trim_space(value)) in {"1", "on", "t", "true", "y", "yes"}
}

on(1)

# A role is not shown: where it stands in a variable, it is masked.
powers := {false: "to do more than look", true: "to look"}

only_looks(roles) if {
	review.parameters.anonymousRole == "viewer"
	roles - {"viewer"} == set()
}

# What is set, as `section.key` in small letters; `place` tells what is set together.
found := array.concat(array.concat(in_objects, in_variables), array.concat(in_files, in_values))

in_objects := [{"path": path, "name": sprintf("%s.%s", [lower(section), lower(key)]), "value": value, "place": at.path} |
	some at in workloads.objects
	at.name == "grafana.integreatly.org/Grafana"
	some section, keys in workloads.children(array.concat(at.path, ["spec", "config"]))
	is_object(keys)
	some key, value in keys
	path := array.concat(at.path, ["spec", "config", section, key])
]

in_variables := [{"path": array.concat(container.path, ["env", i, "value"]), "name": name, "value": variable.value, "place": container.path} |
	some container in workloads.containers
	some i, variable in container.value.env
	is_string(variable.name)
	startswith(variable.name, "GF_")
	not variable.valueFrom
	name := variable_name(variable.name)
]

# A variable spells a section and a key with one underscore between all words.
variable_name(name) := known[name]

known := {upper(sprintf("GF_%s", [replace(name, ".", "_")])): name |
	some name in [
		"auth.anonymous.enabled", "auth.anonymous.org_role", "auth.proxy.enabled", "auth.proxy.whitelist", "plugins.allow_loading_unsigned_plugins",
		"auth.generic_oauth.tls_skip_verify_insecure", "auth.oauth_allow_insecure_email_lookup", "panels.disable_sanitize_html",
		"security.disable_brute_force_login_protection", "server.http_addr", "smtp.skip_verify", "users.allow_sign_up", "users.auto_assign_org_role",
	]
}

# `[section]`, and below it `key = value`.
in_files := [{"path": file.path, "name": sprintf("%s.%s", [lower(trim_space(parts[0])), lower(words[1])]), "value": trim(trim_space(words[2]), "\"'"), "place": file.path} |
	some file in configurations.texts
	endswith(file.name, ".ini")
	some section in regex.split(`(?m)^[ \t]*\[`, file.text)
	parts := regex.split(`\][ \t]*\r?\n`, section)
	count(parts) > 1
	some words in regex.find_all_string_submatch_n(`(?m)^[ \t]*([A-Za-z_]+)[ \t]*=(.*)$`, section, 1000)
]

in_values := array.concat(
	[{"path": array.concat(given.path, array.concat(rest, [section, key])), "name": sprintf("%s.%s", [lower(section), lower(key)]), "value": value, "place": given.path} |
		some given in configurations.values
		walk(given.value, [rest, sections])
		rest[count(rest) - 1] == "grafana.ini"
		some section, keys in sections
		is_object(keys)
		some key, value in keys
	],
	[{"path": array.concat(given.path, rest), "name": "adminPassword", "value": value, "place": given.path} |
		some given in configurations.values
		walk(given.value, [rest, value])
		rest[count(rest) - 1] == "adminPassword"
		is_grafana(given.value, array.slice(rest, 0, count(rest) - 1))
	],
)

is_grafana(_, above) if "grafana" in above

# Values of Grafana's own chart have it at their root.
is_grafana(values, []) if {
	some name in ["adminUser", "dashboardProviders", "dashboards", "datasources", "grafana.ini"]
	object.get(values, name, null) != null
}
