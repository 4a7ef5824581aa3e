#!/usr/bin/env bash
# What a scheduled job runs: versions that people mark in the registry become requests, and aliases follow what was promoted.
#
#   examples/mlflow/gate.sh [MODEL...]
#
# In a folder with resolvers.toml, promotion-policy.yaml, identities.toml, facts-trust.toml, facts/, trail/ and keys/registry-ci.pem;
# LOCKGATE names another command. MODEL is models:/NAME, models:/fraud by default.
set -euo pipefail

lockgate=${LOCKGATE:-lockgate}
desk=(--online resolvers.toml --key keys/registry-ci.pem --trail trail --identities identities.toml -p promotion-policy.yaml
  --model-facts facts --facts-trust facts-trust.toml)
worst=0

# 1 says that something is missing yet, and is no failure here; what could not be done at all is.
step() {
  local code=0
  $lockgate registry "$@" || code=$?
  if [ "$code" -gt 1 ]; then worst=$code; fi
}

[ $# -gt 0 ] || set -- models:/fraud
for model in "$@"; do
  step request "$model@candidate" --to staging "${desk[@]}"
  step request "$model" --tag promote=prod --to prod "${desk[@]}"
  for stands in staging:staging production:prod; do
    step move "$model" --alias "${stands%:*}" --to "${stands#*:}" --online resolvers.toml --trail trail
  done
done
exit "$worst"
