#!/bin/sh
# gate.sh PACKAGE [RESULTS]: judges a kpt package with the gate's own settings, whatever functions the package names.
# Nothing is written to the package; what was found lies in the folder RESULTS as results.yaml.
set -eu
here=$(dirname "$0")
exec kpt fn eval "$1" --exec "lockgate fn" --fn-config "$here/lockgate-validator.yaml" \
  --output stdout --results-dir "${2:-results}"
