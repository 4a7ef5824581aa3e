#!/usr/bin/env bash
# What the job that monitors a model runs: the report becomes evidence of these very bytes, recorded, and what runs is judged by it.
#
#   examples/evidently/judge.sh REPORT.json MODEL REFERENCE MANIFEST
#
# MODEL: the folder of the model's files; REFERENCE: as MANIFEST names it. In a folder with constraint.yaml, facts-trust.toml, trail/,
# log.vkey and keys/monitoring.pem; LOCKGATE names another command. Ends with 1 where the model drifted too far.
set -euo pipefail

lockgate=${LOCKGATE:-lockgate}
mkdir -p facts
file=facts/$(printf %s "$3" | sha256sum | cut -c 1-16).facts.dsse.json
$lockgate scan "$2" --reference "$3" --evidence "$1" --sign keys/monitoring.pem --signed "$file.new"
# Reports of Evidently do not say when they were made: their age counts from the record.
entry=$($lockgate audit record "$file.new" --trail trail | sed 's/.*entry //')
$lockgate audit prove "$entry" --trail trail --output "$file.proof"
mv "$file.new" "$file"
$lockgate check "$4" -p constraint.yaml --model-facts facts --facts-trust facts-trust.toml --facts-log-key log.vkey
