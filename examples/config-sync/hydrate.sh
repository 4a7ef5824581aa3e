#!/bin/sh
# hydrate.sh SOURCE TARGET: renders, judges, and puts what was judged where Config Sync reads it.
set -eu
here=$(dirname "$0")
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
kustomize build "$1" > "$made/manifests.yaml"
test -s "$made/manifests.yaml" || { echo "$1 renders to nothing" >&2; exit 2; }
# Any end but 0 ends this too, and the folder keeps what it had.
kpt fn source "$made" --fn-config "$here/validator.yaml" | lockgate fn > /dev/null
mkdir -p "$2"
mv "$made/manifests.yaml" "$2/manifests.yaml"
