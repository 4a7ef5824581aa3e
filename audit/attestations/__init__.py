"""What others signed about artefacts, verified with `cryptography` alone: in-toto statements, sigstore bundles."""
