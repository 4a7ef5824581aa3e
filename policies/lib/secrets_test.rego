package lib.lockgate.secrets_test

import data.lib.lockgate.secrets

test_names if {
	every name in [
		"HF_TOKEN", "PASSWORD", "db-password", "clientSecret", "AWS_SECRET_ACCESS_KEY", "secretAccessKey", "apiKey", "OPENAI_API_KEY", "privateKey",
		"REDIS_PWD", "wandb.api.key", "AZURE_STORAGE_KEY", "GOOGLE_CREDENTIALS",
	] {
		secrets.named(name)
	}
	every name in [
		"PWD", "OLDPWD", "MAX_TOKENS", "PASSWORD_FILE", "SECRET_NAME", "TOKEN_URL", "KEY", "MONKEY", "AWS_ACCESS_KEY_ID", "passwordSecretRef",
		"TOKENIZER", "API_KEY_ENABLED", "existingSecret", "imagePullSecret", "KEYCLOAK", "", 7, null,
	] {
		not secrets.named(name)
	}
}

test_values if {
	every value in ["hunter2", "minio123", "kT9vQ2mX7pLr4sWz8nBc1dFg", "changeme", "Change-Me", "postgres://u:hunter2@db/x", "p@ss word"] {
		secrets.written("DB_PASSWORD", value)
	}
	every value in [
		"", "  ", "${DB_PASSWORD}", "$(DB_PASSWORD)", "{{ .Values.password }}", "<PASSWORD>", "dummy", "EMPTY", "none", "your-password-here", "REPLACE_ME",
		"REPLACE_WITH_YOUR_HUGGING_FACE_TOKEN", "/run/secrets/password", "vault:secret/data/db#password", "true", "disabled", "***", "xxxx", "DB_PASSWORD",
		"https://vault.example.com/v1", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db", 7, null, {},
	] {
		not secrets.written("DB_PASSWORD", value)
	}
	secrets.written("DB_PASSWORD", "12345678")
	not secrets.written("MAX_TOKEN", "2048")
	not secrets.written("NGC_API_KEY", "nvapi-NVKEY")
}

test_shapes if {
	every text in [
		"token is AKIAQ3EGTRB7KWMZ2LSD here", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "hf_QkZyTnLmVbXcWdRfGhJkPqStUvYzAaBb",
		"xoxb-2408271953-kQmZpRtWvXyB", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxNyJ9.kQmZpRtWvXyBcDfGhJ",
	] {
		secrets.held(text) == ["token"]
	}
	secrets.held("-----BEGIN RSA PRIVATE KEY-----\nMIIE") == ["private key"]
	secrets.held("-----BEGIN PRIVATE KEY-----") == ["private key"]
	secrets.held("postgresql://mlflow:hunter2@db.example.com:5432/mlflow") == ["password in a URL"]
	secrets.held("amqp://:s3cr3t@mq:5672") == ["password in a URL"]
}

test_no_shapes if {
	every text in [
		"AKIAIOSFODNN7EXAMPLE", "-----BEGIN CERTIFICATE-----", "https://user@host/x", "https://host:8080/x@y", "postgres://u:${PASSWORD}@db/x",
		"postgres://u:$(PASSWORD)@db/x", "http://[::1]:80/", "sk-short", "a text of no interest", "", "git@github.com:team/app.git",
		"mysql://user:password@localhost", "jdbc:postgresql://db:5432/x",
	] {
		secrets.held(text) == []
	}
}
