#!/usr/bin/env bash
# The golden path: a model moves from a pull request to production, drifts, and is rolled back, with a proof of each step.
#
#   examples/golden-path/run.sh [FOLDER [prepare]]
#
# Works in FOLDER, a temporary one by default; with `prepare` it ends when the repository, the trail and the keys are there. Needs git,
# openssl and lockgate (LOCKGATE names another command).
#
# With APPLY, a command such as `kubectl apply -f`, what is merged is applied to a cluster, where this judges, with the constraints in cluster/:
#   lockgate serve --promotions FOLDER/trail --model-facts FOLDER/facts --facts-trust FOLDER/facts-trust.toml --facts-log-key FOLDER/log.vkey …
# DRIFTED is a command that ends well when the cluster tells of the model that drifted.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
place=${1:-$(mktemp -d)}
lockgate=${LOCKGATE:-lockgate}
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=developer GIT_AUTHOR_EMAIL=developer@example.com
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
mkdir -p "$place"
cd "$place"

say() { printf '\n== %s\n' "$*"; }
show() { printf '$ %s\n' "$*"; "$@"; }
# Runs a command that has to end with the given exit code.
ends() {
  local wanted=$1 code=0
  shift
  show "$@" || code=$?
  if [ "$code" != "$wanted" ]; then
    printf 'ended with %s, and %s was expected\n' "$code" "$wanted" >&2
    exit 1
  fi
}

# A model of one tensor: what a version is made of is not the point here.
model() {
  mkdir -p "models/$1"
  local header='{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
  printf '%b%s%b' "$(printf '\\x%02x\\0\\0\\0\\0\\0\\0\\0' ${#header})" "$header" "\\x0$1\\0\\0\\0" > "models/$1/model.safetensors"
}
# Scans a version, signs what is found and has it recorded, as the CI of models does: VERSION, then evidence. Its age counts from the record.
facts() {
  local version=$1 file="facts/fraud-$1.facts.dsse.json" entry
  shift
  show $lockgate scan "models/$version" --sign keys/model-ci.pem --reference "s3://models/fraud/$version" \
    --signed "$file.new" "${@/#/--evidence=}"
  entry=$($lockgate audit record "$file.new" --trail trail | sed 's/.*entry //')
  $lockgate audit prove "$entry" --trail trail --output "$file.proof"
  mv "$file.new" "$file"
}
signed=(--model-facts facts --facts-trust facts-trust.toml)
judge() { ends "$1" $lockgate check repository/deploy/prod -p "$here/cluster/evaluation.yaml" "${signed[@]}" --facts-log-key log.vkey; }
desk=(--trail trail --identities identities.toml -p repository/policies/promotion-policy.yaml)
promote() { show $lockgate promote "repository/deploy/$1/fraud.yaml" --to "$1" --key keys/developer.pem \
  --change "commit=$(git -C repository rev-parse HEAD)" "${signed[@]}" "${desk[@]}" --output "$2"; }
approve() {
  show $lockgate approve "$1" --key keys/risk-1.pem --yes "${desk[@]}"
  show $lockgate approve "$1" --key keys/risk-2.pem --yes --require "${desk[@]}"
}
use() { sed -i.before "s|s3://models/fraud/[0-9]*|s3://models/fraud/$2|" "repository/deploy/$1/fraud.yaml"; rm "repository/deploy/$1/fraud.yaml.before"; }
merge() { git -C repository checkout -q main; git -C repository merge -q --no-edit "$1"; }
# What was promoted a moment ago is known to the server a moment later.
apply() {
  if [ -n "${APPLY:-}" ]; then
    for _ in $(seq 30); do
      if show $APPLY "repository/deploy/$1/fraud.yaml"; then return; fi
      sleep 1
    done
    exit 1
  fi
}
refused() { if [ -n "${APPLY:-}" ]; then ends 1 $APPLY "repository/deploy/$1/fraud.yaml"; fi; }

if [ ! -e trail ]; then
  say "A platform: a repository, a trail, keys, who is who"
  mkdir -p keys facts
  for name in model-ci developer risk-1 risk-2; do
    (umask 077; openssl ecparam -name prime256v1 -genkey -noout -out "keys/$name.pem")
    openssl ec -in "keys/$name.pem" -pubout -out "keys/$name.pub.pem" 2> /dev/null
  done
  cp "$here/identities.toml" "$here/facts-trust.toml" .
  cp -R "$here/repository" repository
  git -C repository init -q -b main
  git -C repository add .
  git -C repository commit -qm "Version 6 runs in staging and in production"
  $lockgate audit init trail --origin example.com/lockgate/golden-path --administrator "the platform's team" > /dev/null
  cp trail/log.vkey log.vkey
  for name in developer risk-1 risk-2; do
    show $lockgate key enrol "keys/$name.pub.pem" --identities identities.toml --trail trail
  done
fi
if [ "${2:-}" = prepare ]; then exit; fi

say "Version 6 is promoted, first to staging, then to production"
model 6
facts 6 "$here/evidence/evaluation.json" "$here/evidence/drift.json"
promote staging 6-staging.json
promote prod 6-prod.json
approve 6-prod.json
apply staging
apply prod

say "Version 7 comes to staging"
model 7
use staging 7
git -C repository commit -qam "Staging: fraud 7"
facts 7
promote staging 7-staging.json
apply staging

say "A pull request brings it to production: check says what is missing"
git -C repository checkout -qb fraud-7
use prod 7
git -C repository commit -qam "Production: fraud 7"
(cd repository && ends 1 $lockgate check --base main)
refused prod

say "Evaluated, measured for drift, asked for, and approved by two people"
facts 7 "$here/evidence/evaluation.json" "$here/evidence/drift.json"
promote prod 7-prod.json
ends 2 $lockgate approve 7-prod.json --key keys/developer.pem --yes "${desk[@]}"
approve 7-prod.json
(cd repository && ends 0 $lockgate check --base main --promotions ../trail)
merge fraud-7
judge 0
apply prod

say "Weeks later: a report on drift makes it non-compliant"
facts 7 "$here/evidence/evaluation.json" "$here/evidence/drift-later.json"
judge 1

if [ -n "${DRIFTED:-}" ]; then show $DRIFTED; fi

say "Back to version 6, by a record of its own"
git -C repository checkout -qb back-to-6
use prod 6
git -C repository commit -qam "Production: back to fraud 6"
refused prod
show $lockgate rollback repository/deploy/prod/fraud.yaml --to prod --key keys/developer.pem "${signed[@]}" "${desk[@]}" --output 6-again.json
approve 6-again.json
(cd repository && ends 0 $lockgate check --base main --promotions ../trail)
merge back-to-6
apply prod

say "What happened, and the proof of it"
show $lockgate promotions history --trail trail
entry=$($lockgate promotions history --environment prod --format json --trail trail | sed -n 's/^ *"entry": \([0-9]*\),$/\1/p' | tail -1)
show $lockgate promotions show "$entry" --trail trail
show $lockgate audit prove "$entry" --trail trail --output rollback.tlog-proof
ends 0 $lockgate audit verify --proof rollback.tlog-proof --log-key log.vkey
ends 0 $lockgate audit verify trail --log-key log.vkey
say "The golden path ends well; everything is in $place"
