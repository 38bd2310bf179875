#!/usr/bin/env bash
# Generate the published clients from docs/openapi.json into this folder, or into a copy of it that is named.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=$(cd "${1:-$root/clients}" && pwd)
bin=$root/${VENV:-.venv}/bin

cd "$root/tests/clients"
npx openapi-typescript "$root/docs/openapi.json" --output "$out/typescript/src/schema.ts"
"$bin/openapi-python-client" generate --path "$root/docs/openapi.json" --output-path "$out/python/nutrient_knowledge" \
    --config "$out/python/generator.yaml" --meta none --overwrite --fail-on-warning
touch "$out/python/nutrient_knowledge/py.typed"
