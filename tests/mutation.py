"""python -m tests.mutation: small faults put into the code, one at a time; the tests have to notice each.

A sample of the places where a comparison, a truth value, a number or an operator can be another is tried in a copy
of the project. First all tests that start no server are run once, to learn which of them run which line; each fault
then meets those that run its line, and if it survives them, those that start servers. Prints what survived.
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

from coverage import CoverageData

from tests.support import ROOT

FIRST = 100
"""Tests that a fault meets first, at random where more of them run its line; the others only if it survives those."""

REMEMBER = """
from coverage import Coverage

def pytest_runtest_logstart(nodeid, location):
    Coverage.current().switch_context(nodeid)
"""
"""A plugin of pytest: what is run from here on belongs to this test."""

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


def tests_by_line(project: Path, files: Sequence[str]) -> dict[str, dict[int, list[str]]]:
    """Those tests of these files that run a line, by file and line; a line that is run by an import alone has none."""
    (project / "remember.py").write_text(REMEMBER)
    command = ["-m", "coverage", "run", "-m", "pytest", "-q", "-p", "remember", "-n", "logical", "--dist", "worksteal"]
    done = pytest(project, *command, "-m", "not slow and not all", *files, seconds=2 * 3600)
    if done.returncode:
        raise SystemExit(f"The tests fail as they are, so nothing can be said:\n{done.stdout[-2000:]}")
    subprocess.run([sys.executable, "-m", "coverage", "combine", "-q"], cwd=project, check=True)
    data = CoverageData(str(project / ".coverage"))
    data.read()
    return {
        Path(file).relative_to(project).as_posix(): {
            line: sorted(filter(None, tests)) for line, tests in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }


def pytest(project: Path, *command: str, seconds: float) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "MADE_DATABASES"}
    command = (sys.executable, *command)
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )


def passes(project: Path, *selection: str) -> bool:
    """Whether the selected tests pass."""
    command = ["-m", "pytest", "-x", "-q", "-n", "logical", "--dist", "worksteal", "-p", "no:cacheprovider", *selection]
    try:
        return not pytest(project, *command, seconds=1200).returncode
    except subprocess.TimeoutExpired:
        # a change that makes the code run for ever is noticed
        return False


def survivor(project: Path, name: str, number: int, tests: dict[int, list[str]], chance: random.Random) -> str:
    """Where the tests pass with the n-th change of a file: its line, and what stands there now; else empty."""
    file = project / name
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    line, node, other = list(changes(tree))[number]
    change = f"{name}:{line}: {ast.unparse(node)} -> {ast.unparse(other)}"
    changed = ast.fix_missing_locations(Replace(node, other).visit(tree))
    own = tests.get(max((run for run in tests if run <= line), default=0), [])
    # what an import runs, tests of the file's functions rest on
    found = own or sorted({test for each in tests.values() for test in each})
    shuffled = chance.sample(found, len(found))
    (project / "first.txt").write_text("\n".join(shuffled[:FIRST]))
    (project / "others.txt").write_text("\n".join(shuffled[FIRST:]))
    # to start processes takes longer than a few tests
    selections: list[tuple[str, ...]] = [("-n0", "@first.txt")] if found else []
    if not own:
        # and perhaps any other
        selections.append(("-m", "not slow and not all"))
    elif own[FIRST:]:
        selections.append(("@others.txt",))
    # what runs in a server's process, no map knows
    selections.append(("-m", "slow and not all"))
    file.write_text(ast.unparse(changed), encoding="utf-8")
    survives = all(passes(project, *selection) for selection in selections)
    file.write_text(source, encoding="utf-8")
    return change if survives else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try changes until the time is over; 1 where more survive than the score allows."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=900, help="begin no change later (default: %(default)s)")
    parser.add_argument("--sample", type=int, default=60, help="changes to try (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: %(default)s)")
    parser.add_argument("--only", default="", help="only in files whose path begins like this")
    parser.add_argument("--tests", nargs="*", default=[], help="files of the tests to run (default: all)")
    parser.add_argument("--score", type=float, default=90, help="per cent to be noticed (default: %(default)s)")
    options = parser.parse_args(arguments)
    files = [
        path.relative_to(ROOT).as_posix() for part in ("app", "seed") for path in sorted((ROOT / part).rglob("*.py"))
    ]
    files = [name for name in files if name.startswith(options.only)]
    places = [(n, number) for n in files for number, _ in enumerate(changes(ast.parse((ROOT / n).read_text())))]
    chance = random.Random(options.seed)
    tried, survivors = 0, []
    with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
        project = Path(folder) / "project"
        unused = shutil.ignore_patterns(
            ".git", ".venv", "node_modules", "__pycache__", ".*_cache", "*.db", ".coverage*"
        )
        shutil.copytree(ROOT, project, ignore=unused)
        tests = tests_by_line(project, options.tests)
        end = time.monotonic() + options.seconds
        for name, number in chance.sample(places, min(options.sample, len(places))):
            if time.monotonic() > end:
                break
            tried += 1
            if found := survivor(project, name, number, tests.get(name, {}), chance):
                survivors.append(found)
                print(found, flush=True)
    score = 100 * (tried - len(survivors)) / tried
    print(f"{tried} of {len(places)} changes tried, {len(survivors)} survived: {score:.0f} %")
    return 0 if score >= options.score else 1


if __name__ == "__main__":
    sys.exit(main())
