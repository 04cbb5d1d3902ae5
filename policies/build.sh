#!/usr/bin/env bash
# Compiles the rules to authz.wasm and pins both by hash. Needs `opa` (https://www.openpolicyagent.org, 1.22 or newer):
#   go install github.com/open-policy-agent/opa@v1.22.0
# The same rules and the same opa give the same bytes. Run it after every change of a .rego file; the tests go red on an
# artefact that is older than its rules.
set -euo pipefail
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
rules=$(ls ./*.rego | grep -v _test.rego | sed 's|^\./||' | LC_ALL=C sort)

opa fmt --fail --list . 
opa check --strict .
opa test . cases.json
# shellcheck disable=SC2086
opa build --target wasm --entrypoint nova/authz/verdict --output "$out/bundle.tar.gz" $rules
tar -xzf "$out/bundle.tar.gz" -C "$out" --transform 's|^/||' 2>/dev/null
cp "$out/policy.wasm" authz.wasm && chmod 644 authz.wasm

hash_of() { sha256sum "$@" | cut -d' ' -f1; }
sources=$(for rule in $rules; do printf '%s\n' "$rule"; cat "$rule"; done | sha256sum | cut -d' ' -f1)
version=$(opa version | sed -n 's/^Version: //p')
printf '{\n  "wasm": "%s",\n  "sources": "%s",\n  "opa": "%s"\n}\n' "$(hash_of authz.wasm)" "$sources" "$version" >pin.json
cat pin.json
