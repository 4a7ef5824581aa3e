# METADATA
# title: External data
# description: |
#   What providers of external data answer. opa, gator and Conftest have none, and do not compile Rego that asks: for them this module
#   stands here, by which nobody answers. Templates carry `external.rego.gatekeeper` in its place, which asks.
package lib.lockgate.external

# METADATA
# description: |
#   The answer to a request: `{"responses": [[key, value], …], "errors": [[key, error], …], "status_code", "system_error"}`. A provider
#   that gives no answer at all leaves `responses` and `errors` null and says why in `system_error`.
answers(_, _) := json.unmarshal(nobody)

# As text, since what is seen to be null is refused where it is looked into.
nobody := `{"responses": null, "errors": null, "status_code": 0, "system_error": "there is no external data here"}`
