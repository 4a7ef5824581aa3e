"""The verifier that goes into exports: one file that imports nothing of Lockgate."""
