#!/usr/bin/env bash
# Audit the dependencies: as far as it goes without a network, and further where there is one.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-.venv/bin/python}

"$PYTHON" - <<'EOF'
"""Every requirement is pinned and hashed, and is what is installed."""
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

wrong = []
for name in ("requirements.txt", "requirements-dev.txt", "requirements-all.txt"):
    text = Path(name).read_text().replace("\\\n", " ")
    for line in (line.strip() for line in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if "://" in line or line.startswith("-"):
            wrong.append(f"{name}: {line[:60]}: no address or option belongs here")
            continue
        requirement = Requirement(re.split(r"\s--hash", line)[0])
        pins = [clause for clause in requirement.specifier if clause.operator == "=="]
        if len(pins) != 1 or not re.search(r"--hash=sha256:[0-9a-f]{64}", line):
            wrong.append(f"{name}: {requirement.name} is not pinned with a hash")
            continue
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            if version(requirement.name) != pins[0].version:
                wrong.append(f"{requirement.name} {version(requirement.name)} is installed, {pins[0].version} is locked")
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is locked but not installed")
for line in wrong:
    print(line, file=sys.stderr)
print(f"Pins and hashes: {len(wrong)} problems.")
sys.exit(bool(wrong))
EOF
"$PYTHON" -m pip check
if "$PYTHON" -m pip_audit --version >/dev/null 2>&1; then
    "$PYTHON" -m pip_audit --strict --require-hashes -r requirements.txt
else
    echo "SKIPPED: advisories not asked for: no pip-audit (pip install pip-audit; it needs the network)."
fi
