"""The clients that are published: generated alike each time, installable, and their README's example works."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import ServeOrigin
from tests.support import PATIENCE, ROOT, real_database
from tests.test_clients import CLIENTS, node

pytestmark = [pytest.mark.all, pytest.mark.usefixtures("node")]

__all__ = ["node"]


@pytest.fixture(scope="module")
def origin(api_server: ServeOrigin) -> Iterator[str]:
    with api_server(real_database()) as address:
        yield address


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A copy of the clients, generated."""
    return _generate(tmp_path / "clients")


def _generate(folder: Path) -> Path:
    generated = shutil.ignore_patterns("schema.ts", "nutrient_knowledge", "dist")
    shutil.copytree(ROOT / "clients", folder, ignore=generated)
    _succeed(str(ROOT / "clients" / "generate.sh"), str(folder), folder=ROOT)
    return folder


def _succeed(*command: str, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def _example(readme: Path, origin: str) -> str:
    code = re.search(r"```(?:python|ts)\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    assert code
    return code[1].replace("http://127.0.0.1:8000", origin)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_generation_is_reproducible(published: Path, tmp_path: Path) -> None:
    assert _files(published) == _files(_generate(tmp_path / "again"))


def test_the_python_client_is_typed_and_works(published: Path, origin: str) -> None:
    folder = published / "python"
    (folder / "example.py").write_text(_example(folder / "README.md", origin), encoding="utf-8")
    _succeed(sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "example.py", folder=folder)
    shown = _succeed(sys.executable, "example.py", folder=folder).splitlines()
    assert shown[0].startswith("Magnesium ")
    assert shown[1] == "404 There is no nutrient 'magnesum'. Did you mean /nutrients/magnesium?"


def test_the_typescript_client_is_typed_and_works(published: Path, origin: str) -> None:
    folder = published / "typescript"
    (folder / "node_modules").symlink_to(CLIENTS / "node_modules")
    _succeed("npx", "tsc", folder=folder)
    # a program that has the package installed
    program = published / "program"
    (program / "node_modules").mkdir(parents=True)
    (program / "node_modules" / "nutrient-knowledge-client").symlink_to(folder)
    (program / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (program / "example.ts").write_text(_example(folder / "README.md", origin), encoding="utf-8")
    strict = ["--strict", "--target", "ES2022", "--module", "NodeNext", "--lib", "ES2022,DOM,DOM.Iterable"]
    _succeed(str(CLIENTS / "node_modules" / ".bin" / "tsc"), *strict, "example.ts", folder=program)
    shown = _succeed("node", "example.js", folder=program).splitlines()
    assert shown == [
        "Calcium, Copper, Iron, Magnesium, Phosphorus",
        "404 There is no nutrient 'magnesum'. Did you mean /nutrients/magnesium?",
    ]
