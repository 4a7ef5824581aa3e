package lib.lockgate.credentials_test

import data.lib.lockgate.credentials

test_names if {
	every name in ["password", "bearerToken", "bearer_token", "client_secret", "apiKey", "api_key", "adminPassword", "routing_key", "credentials", "tls_psk", "bottoken", "routingKey", "Authorization", "auth.google.client_secret"] {
		credentials.named(name)
	}
	every name in ["passwordFile", "bearer_token_file", "key", "secretKeyRef", "keyId", 7, null] {
		not credentials.named(name)
	}
}

test_literals if {
	credentials.literals({"basic_auth": {"password": "hunter2"}}) == [["basic_auth", "password"]]
	credentials.literals([{"url": "https://u:hunter2@a.example.com"}]) == [[0, "url"]]
	credentials.literals([{"slack_api_url": "https://hooks.slack.com/services/T0/B0/x"}]) == [[0, "slack_api_url"]]
	every value in [
		{"password": "${PASSWORD}"}, {"password": "$__env{PASSWORD}"}, {"password": "<password>"}, {"password": ""}, {"password": null}, {"enable_token": "true"},
		{"password": {"name": "s", "key": "k"}}, {"url": "https://u@a.example.com"}, {"url": "https://u:${P}@a.example.com"}, {"url": "https://a.example.com"}, "x", null, 7,
	] {
		credentials.literals(value) == []
	}
}
