"""`lockgate scan`: artefacts are scanned, their facts are shown, signed and verified."""
