"""python -m tests.mutation: small faults put into the code, one at a time; the tests have to notice each.

A sample of the places where a comparison, a truth value, a number or an operator can be another is tried in a copy
of the project, against the tests of the package that start no server; on SQLite alone, but for what is PostgreSQL's.
Prints what survived.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support import ROOT

TESTS = {
    "app/__main__": "commands db migrations",
    "app/api": "reading queries paging exports errors intakes amounts openapi readiness discovery differential "
    "identifiers",
    "app/database": "db load releases verify faults readiness round_trips",
    "app/http": "protocol memo http_layer http_caching http_contract limits negotiation observability tracing",
    "app/outlets": "outlets exports",
    "app/pages": "pages charts outlets discovery http_contract",
    "app/schemas": "check check_numbers grades intakes amounts identifiers openapi content",
    "app/search": "search",
    "app": "documents readiness commands db http_contract observability limits",
    "seed": "check check_numbers load releases commands amounts import_food intakes faults grades food_values content",
}
"""By the beginning of a module's path, the longest first: the test files that are run, in this order."""

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
COMPARED |= {ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
COMPUTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult}


def changes(tree: ast.Module) -> Iterator[tuple[int, ast.AST, ast.AST]]:
    """Line, node, and what it could be in its place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and (other := COMPARED.get(type(node.ops[0]))):
            yield node.lineno, node, ast.Compare(node.left, [other()], node.comparators)
        elif isinstance(node, ast.BoolOp):
            yield node.lineno, node, ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node.lineno, node, node.operand
        elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED and not isinstance(node.left, ast.JoinedStr):
            yield node.lineno, node, ast.BinOp(node.left, COMPUTED[type(node.op)](), node.right)
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield node.lineno, node, ast.Constant(not node.value)
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield node.lineno, node, ast.Constant(node.value + 1)


class Replace(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, node: ast.AST, other: ast.AST) -> None:
        self.node, self.other = node, other

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.copy_location(self.other, node) if node is self.node else self.generic_visit(node)


def package_of(name: str) -> str:
    """The key of the tests that belong to a file."""
    return next(prefix for prefix in sorted(TESTS, key=len, reverse=True) if name.startswith(prefix))


def passes(project: Path, package: str) -> bool:
    """Whether the tests of a package pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider"]
    command += ["-m", "not slow and not all"]
    # both databases are asked by the same code everywhere else
    command += [] if package == "app/database" else ["-k", "not postgresql"]
    command += [f"tests/test_{test}.py" for test in TESTS[package].split()]
    environment = {key: value for key, value in os.environ.items() if key != "MADE_DATABASES"}
    try:
        return not subprocess.run(
            command, cwd=project, env=environment, capture_output=True, timeout=600, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        # a change that makes the code run for ever is noticed
        return False


def survivor(project: Path, name: str, number: int) -> str:
    """Where the tests pass with the n-th change of a file: its line, and what stands there now; else empty."""
    file = project / name
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    line, node, other = list(changes(tree))[number]
    change = f"{name}:{line}: {ast.unparse(node)} -> {ast.unparse(other)}"
    changed = ast.fix_missing_locations(Replace(node, other).visit(tree))
    file.write_text(ast.unparse(changed), encoding="utf-8")
    is_noticed = not passes(project, package_of(name))
    file.write_text(source, encoding="utf-8")
    return "" if is_noticed else change


def main(arguments: Sequence[str] | None = None) -> int:
    """Try changes until the time is over; 1 where more survive than the score allows."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=900, help="begin no change later (default: %(default)s)")
    parser.add_argument("--sample", type=int, default=60, help="changes to try (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: %(default)s)")
    parser.add_argument("--only", default="", help="only in files whose path begins like this")
    parser.add_argument("--score", type=float, default=90, help="per cent to be noticed (default: %(default)s)")
    options = parser.parse_args(arguments)
    files = [
        path.relative_to(ROOT).as_posix() for part in ("app", "seed") for path in sorted((ROOT / part).rglob("*.py"))
    ]
    files = [name for name in files if name.startswith(options.only)]
    places = [(n, number) for n in files for number, _ in enumerate(changes(ast.parse((ROOT / n).read_text())))]
    end = time.monotonic() + options.seconds
    tried, survivors = 0, []
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        project = Path(folder) / "project"
        unused = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__", ".*_cache", "*.db")
        shutil.copytree(ROOT, project, ignore=unused)
        proven: set[str] = set()
        for name, number in random.Random(options.seed).sample(places, min(options.sample, len(places))):
            if time.monotonic() > end:
                break
            package = package_of(name)
            if package not in proven and not passes(project, package):
                print(
                    f"The tests of {package} fail as they are, or take ten minutes: nothing can be said.",
                    file=sys.stderr,
                )
                return 1
            proven.add(package)
            tried += 1
            if found := survivor(project, name, number):
                survivors.append(found)
                print(found, flush=True)
    score = 100 * (tried - len(survivors)) / tried
    print(f"{tried} of {len(places)} changes tried, {len(survivors)} survived: {score:.0f} %")
    return 0 if score >= options.score else 1


if __name__ == "__main__":
    sys.exit(main())
