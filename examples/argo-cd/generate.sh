#!/bin/sh
# Renders an Application's source, judges what came out, and gives it to Argo CD only if nothing denies it.
# Run by the plugin in the source's folder; what stands on standard error is shown at the Application.
set -eu
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
if [ -e kustomization.yaml ] || [ -e kustomization.yml ] || [ -e Kustomization ]; then
  kustomize build . > "$made/manifests.yaml"
else
  for file in ./*.yaml ./*.yml ./*.json; do
    [ -e "$file" ] || [ -L "$file" ] || continue
    [ ! -L "$file" ] || { echo "$file is a link: it is not followed" >&2; exit 2; }
    { echo "---"; cat -- "$file"; echo; } >> "$made/manifests.yaml"
  done
fi
test -s "$made/manifests.yaml" || { echo "there are no manifests" >&2; exit 2; }
# The policies are the sidecar's: no ARGOCD_ENV_ variable counts, since the Application sets those, and no lockgate.yaml of the source
# is read, since this runs in another folder.
set -- --require-objects --fail-on "${LOCKGATE_FAIL_ON:-deny}" --namespace "$ARGOCD_APP_NAMESPACE"
[ -z "${LOCKGATE_POLICIES:-}" ] || set -- "$@" -p "$LOCKGATE_POLICIES"
(cd "$made" && lockgate check --color never "$@" manifests.yaml) >&2
cat "$made/manifests.yaml"
