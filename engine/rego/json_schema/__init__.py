"""JSON Schema as `json.match_schema` and `json.verify_schema` have it: drafts 4, 6 and 7, and a mixture of them.

OPA uses a copy of gojsonschema. Which errors it finds, how it words them and in which order is visible to policies;
no Python library agrees with it, and all of them can load what a reference names. This one loads nothing.
"""
