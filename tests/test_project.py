"""What holds the repository together: versions, lock files, indexes and commands agree with each other."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from app import __version__
from app.main import create_app
from app.settings import Settings
from tests.support import ROOT, run_process

DECISIONS = ROOT / "docs" / "decisions"
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PROSE = [
    *(path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob(".github/**/*"),
]
SOURCES = [*ROOT.glob("app/**/*.py"), *ROOT.glob("seed/*.py")]


def read(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def test_there_is_one_version() -> None:
    assert f"\nversion: {__version__}\n" in read("CITATION.cff")
    assert re.search(rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d$", read("CHANGELOG.md"), re.MULTILINE)
    assert json.loads(read("docs", "openapi.json"))["info"]["version"] == __version__
    assert json.loads(read("clients", "typescript", "package.json"))["version"] == __version__
    assert tomllib.loads(read("clients", "python", "pyproject.toml"))["project"]["version"] == __version__


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-all.txt"])
def test_locked_requirements_have_hashes_and_no_address(name: str) -> None:
    lines = [line for line in read(name).splitlines() if line and not line.startswith("#")]
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pinned = [line for line in lines if not line.startswith(" ")]
    assert all("==" in line and line.endswith("\\") for line in pinned)
    project = tomllib.loads(read("pyproject.toml"))
    for_all = name == "requirements-all.txt"
    direct = project["dependency-groups"]["all"] if for_all else project["project"]["dependencies"]
    names = {re.split(r"[=\[]", line)[0].lower() for line in pinned}
    assert {re.split(r"[>\[]", requirement)[0].lower() for requirement in direct} <= names


@pytest.mark.parametrize("folder", ["tests/clients", "examples/frontend"])
def test_locked_npm_packages_have_hashes_and_no_address(folder: str) -> None:
    packages = json.loads(read(folder, "package-lock.json"))["packages"]
    assert all("integrity" in package and "resolved" not in package for path, package in packages.items() if path)


@pytest.mark.parametrize("folder", ["tests/clients", "examples/frontend"])
def test_no_npm_package_depends_on_what_is_newest(folder: str) -> None:
    """`npm ci` looks up a tag such as `latest` anew and refuses a lock file that holds an older version."""
    overrides = json.loads(read(folder, "package.json")).get("overrides", {})
    packages = json.loads(read(folder, "package-lock.json"))["packages"]
    by_tag = {
        path.rpartition("node_modules/")[2]: {name for name, version in dependencies.items() if version.isalpha()}
        for path, package in packages.items()
        if (dependencies := package.get("dependencies", {}) | package.get("devDependencies", {}))
    }
    assert {name: tags for name, tags in by_tag.items() if tags - overrides.get(name, {}).keys()} == {}


def test_the_kubernetes_example_fits_the_server() -> None:
    found = {each["kind"]: each["spec"] for each in yaml.safe_load_all(read("deploy", "kubernetes.yaml"))}
    pod = found["Deployment"]["template"]
    [container] = pod["spec"]["containers"]
    for selector in (
        *(found["Deployment"]["selector"]["matchLabels"], found["Service"]["selector"]),
        found["PodDisruptionBudget"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= pod["metadata"]["labels"].items()
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert f"PORT={ports['http']} " in read("Dockerfile").replace("\\", "")
    assert {port["targetPort"] for port in found["Service"]["ports"]} <= ports.keys()
    environment = {each["name"]: each["value"] for each in container["env"]}
    settings = Settings(**{name.lower(): value for name, value in environment.items()})
    assert {name.lower() for name in environment} <= Settings.model_fields.keys()
    assert settings.metrics_port == ports["metrics"]
    assert pod["spec"]["terminationGracePeriodSeconds"] > settings.shutdown_timeout
    paths = {getattr(route, "path", "") for route in create_app(settings).routes}
    for probe, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
        assert path in paths
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert f"USER {pod['spec']['securityContext']['runAsUser']}:" in read("Dockerfile")
    assert container["resources"].keys() == {"requests", "limits"}


@pytest.mark.all
def test_the_bill_of_materials_names_every_requirement(tmp_path: Path) -> None:
    pytest.importorskip("cyclonedx_py", reason="the `all` group is not installed")
    target = re.search(r"-m (cyclonedx_py .*) -o build/sbom\.json", read("Makefile"))
    assert target
    out = tmp_path / "sbom.json"
    done = run_process(*target[1].split(), "-o", str(out))
    assert done.returncode == 0, done.stderr
    bill = json.loads(out.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    locked = set(re.findall(r"^([\w.-]+)(?:\[.*?\])?==([\w.]+)", read("requirements.txt"), re.MULTILINE))
    assert {(part["name"], part["version"]) for part in bill["components"]} == locked


def test_every_decision_is_in_the_index_with_its_title_and_status() -> None:
    rows = re.findall(
        r"^\| \[(\d+)\]\((.+?)\) \| (.+?) \| (.+?) \| (\d{4}-\d\d-\d\d) \|$",
        read("docs", "decisions", "README.md"),
        re.MULTILINE,
    )
    assert {row[1] for row in rows} == {path.name for path in DECISIONS.glob("0*.md")}
    for number, name, title, status, date in rows:
        head = (DECISIONS / name).read_text(encoding="utf-8").splitlines()
        assert head[0] == f"# {number}. {title}"
        assert head[2].startswith(f"Status: {re.split('[,;]', status)[0]}"), name
        assert date in head[2], name


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    if path.is_file():
        assert set(re.findall(r"`make ([a-z-]+)", path.read_text(encoding="utf-8"))) <= TARGETS
