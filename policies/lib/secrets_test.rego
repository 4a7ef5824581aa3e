package lib.lockgate.secrets_test

import data.lib.lockgate.secrets

test_names if {
	every name in [
		"HF_TOKEN", "PASSWORD", "db-password", "clientSecret", "AWS_SECRET_ACCESS_KEY", "secretAccessKey", "apiKey", "OPENAI_API_KEY", "privateKey",
		"PGPASSWORD", "REDIS_AUTH", "REDIS_PWD", "wandb.api.key", "AZURE_STORAGE_KEY", "GOOGLE_CREDENTIALS",
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
	every text in [
		"hvs.CAESIJ3kT9vQ2mX7pLr4sWz8nBc", "https://hooks.slack.com/services/T0KQ9/B0ZRT/kT9vQ2mX7pLr4sWz8nBc", `{"auths":{"x":{"auth":"bWw6VHIwdWI0ZG9y"}}}`,
		"AccountName=ml;AccountKey=kT9vQ2mX7pLr4sWz8nBc1dFg6hJy3aEu5oRi0tVbkT9vQ2==",
	] {
		secrets.held(text) == ["token"]
	}
	secrets.held("Authorization: Bearer kT9vQ2mX7pLr4sWz8nBc") == ["credential of a header"]
	every text in ["curl -u admin:Sup3rS3cret x", "docker login -u a -p Sup3rS3cret r", "sshpass -p Sup3rS3cret ssh x", "wandb login a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"] {
		secrets.held(text) == ["login"]
	}
	secrets.held("amqp://:s3cr3t@mq:5672") == ["password in a URL"]
}

test_no_shapes if {
	every text in [
		"AKIAIOSFODNN7EXAMPLE", "-----BEGIN CERTIFICATE-----", "https://user@host/x", "https://host:8080/x@y", "postgres://u:${PASSWORD}@db/x",
		"postgres://u:$(PASSWORD)@db/x", "http://[::1]:80/", "sk-short", "a text of no interest", "", "git@github.com:team/app.git",
		"Bearer ${TOKEN_OF_THE_SERVICE}", "Authorization: Bearer your-token-goes-here", "curl -u admin:$PASSWORD x", "docker login -p {{password}} r",
		"mysql://user:password@localhost", "jdbc:postgresql://db:5432/x",
	] {
		secrets.held(text) == []
	}
}

test_assignments if {
	every text, name in {
		"export DB_PASSWORD=Tr0ub4dor && python t.py": "DB_PASSWORD", "db:\n  password: Tr0ub4dor&3\n": "password", "db.user=ml\ndb.password=Tr0ub4dor\n": "db.password",
		`{"apiKey": "letmeinplease"}`: "apiKey", "os.environ['WANDB_API_KEY'] = 'letmeinplease'": "WANDB_API_KEY", "login --token kT9vQ2mX": "token",
		"machine api.wandb.ai login user password kT9vQ2mX": "password", "- name: DB_PASSWORD\n  value: Tr0ub4dor": "DB_PASSWORD", "sudo HF_TOKEN=kT9vQ2mX python x": "HF_TOKEN",
	} {
		some found in secrets.assigned(text)
		trim_left(found, "-") == name
	}
	every text in [
		"export DB_PASSWORD=$PASSWORD", "password: ${DB_PASSWORD}", "token = get_token()", "token=os.environ['HF_TOKEN']", "password: string", "the token is read 3 times", "max_token: 2048",
		`{"password": "your-password"}`, "token=args.token", "short", "", "secret: {{ .Values.s3cret }}", "password_file=/run/s3cret", "password=\nuser=a1",
	] {
		secrets.assigned(text) == []
	}
}
