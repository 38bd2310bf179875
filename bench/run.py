"""python -m bench.run: this API beside its peers, its growth, start, memory and scaling, in one session."""

import argparse
import json
import os
import platform
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import growth, load, questions, report, setup
from bench.load import Measured, measure
from bench.servers import FROM_MEMORY, STATIC, Failed, Running, ours, peers, resident_mib, running

RESULTS = Path(__file__).parent / "results.json"
HIT, MISS, QUIET = "this API, hit", "this API, miss", "this API, hit, log off"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    sizes: tuple[int, ...]
    seconds: float
    repeats: int
    hot: int = 300
    cold: int = 20_000
    postgresql: int = 10_000
    """Records on PostgreSQL; 0: it is left out."""


FULL = Plan(sizes=(60, 1_000, 10_000, 100_000), seconds=3, repeats=5)
QUICK = Plan(sizes=(60, 1_000, 10_000), seconds=1, repeats=1, cold=5_000, postgresql=0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write bench/results.json and docs/benchmark.md, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 records at most, a few minutes")
    parser.add_argument("--port", type=int, default=8150, help="first of twelve ports (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of results (default: %(default)s)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        results = run(QUICK if options.quick else FULL, options.port)
        options.out.write_text(json.dumps(results, indent=1) + "\n")
        print(report.write(results, options.out))
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; every server has been ended.", file=sys.stderr)
        return 1
    return 0


def _stop(*_: object) -> None:
    """On SIGTERM end as on Ctrl-C, which shells make their background jobs ignore; a second one is ignored."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def run(plan: Plan, port: int) -> dict[str, Any]:
    """Everything, as plain data."""
    if (os.cpu_count() or 1) < 2:
        raise Failed("The benchmark needs two cores: one for the server, one for the load.")
    setup.install()
    databases = {size: setup.knowledge_base(size) for size in plan.sizes}
    largest = databases[plan.sizes[-1]]
    return {
        "machine": {"cores": os.cpu_count(), "processor": _processor(), "python": platform.python_version()},
        "plan": asdict(plan),
        "servers": _compare(plan, largest, port),
        "postgresql": _postgresql(plan, databases, port),
        "growth": growth.grow(databases, port, plan.seconds, min(plan.repeats, 3)),
        "start": _start(largest, port, plan.repeats),
        "scaling": _scale(plan, largest, port),
    }


def _postgresql(plan: Plan, databases: dict[int, Path], port: int) -> dict[str, Any]:
    if not plan.postgresql:
        return {}
    # loaded where it is used: the wheel is large
    from bench import postgresql  # noqa: PLC0415

    return postgresql.misses(plan.postgresql, databases[plan.postgresql], port, plan.cold, plan.seconds)


def _compare(plan: Plan, database: Path, port: int) -> dict[str, Any]:
    """Every server on every shape, interleaved."""
    setup.peer_data(database)
    asked = {shape: questions.questions(database, shape, plan.cold) for shape in questions.SHAPES}
    with ExitStack() as stack:
        hit = stack.enter_context(running(ours(HIT, port, database)))
        quiet = stack.enter_context(running(ours(QUIET, port + 1, database, ACCESS_LOG="false")))
        miss = stack.enter_context(running(ours(MISS, port + 2, database, CACHE_BYTES="0")))
        _static_files(hit, {shape: found[: plan.hot] for shape, found in asked.items()})
        slug = asked["detail"][0].slug
        others = [stack.enter_context(running(server)) for server in peers(port + 3, slug)]
        cases = _cases(plan, asked, [hit, quiet, miss, *others])
        found: defaultdict[tuple[str, str], list[Measured]] = defaultdict(list)
        for repeat in range(plan.repeats):
            for (name, shape), (server, paths) in cases.items():
                print(f"\r{repeat + 1}/{plan.repeats} {name}, {shape}".ljust(70), end="", file=sys.stderr)
                found[name, shape].append(measure(server, paths, plan.seconds))
        print(file=sys.stderr)
        memory = {each.server.name: resident_mib(each.pid) for each in (hit, quiet, miss, *others)}
    return {
        name: {"resident_mib": memory[name], **{shape: _middle(found[n, shape]) for n, shape in found if n == name}}
        for name in memory
    }


def _cases(
    plan: Plan, asked: dict[str, Any], servers: list[Running]
) -> dict[tuple[str, str], tuple[Running, list[str]]]:
    """What is sent to whom: by name of the server and of the shape."""
    cases = {}
    for shape, all_asked in asked.items():
        hot = [questions.rest(shape, question) for question in all_asked[: plan.hot]]
        files = [f"/{_folder(shape)}/{number}.json" for number in range(len(hot))]
        for each in servers:
            name = each.server.name
            if name in (HIT, QUIET) or name.startswith(("nginx", *FROM_MEMORY)):
                paths = hot if name in (HIT, QUIET) else files
                measure(each, paths, 1)  # fills the cache
                cases[name, shape] = (each, paths)
                if not name.startswith(FROM_MEMORY):
                    cases[name, f"{shape}, 304"] = (each, load.with_etags(each.server.url, paths))
            else:
                ask = questions.PATHS.get(name, questions.rest)
                cases[name, shape] = (each, [ask(shape, question) for question in all_asked])
    return cases


def _static_files(api: Running, asked: dict[str, Any]) -> None:
    """The bodies that the API gives, as files for nginx, and for the peers that serve them from memory."""
    for shape, found in asked.items():
        folder = STATIC / _folder(shape)
        folder.mkdir(parents=True, exist_ok=True)
        for number, question in enumerate(found):
            (folder / f"{number}.json").write_bytes(load.body(api.server.url + questions.rest(shape, question)))


def _start(database: Path, port: int, repeats: int) -> dict[str, Any]:
    """Seconds from the start of the process to its first answer, and what it holds then."""
    seconds, sizes = [], []
    for _ in range(repeats):
        with running(ours("start", port, database, CACHE_BYTES="0")) as server:
            seconds.append(server.seconds_to_answer)
            sizes.append(resident_mib(server.pid)[0])
    return {"seconds_to_answer": round(median(seconds), 2), "resident_mib": median(sizes)}


def _scale(plan: Plan, database: Path, port: int) -> dict[str, Any]:
    """One worker on one core against two on two; the load shares the second core where there is no third."""
    rates: dict[str, Any] = {}
    load_core = str(min(2, (os.cpu_count() or 2) - 1))
    for shape in ("detail", "list of 20"):
        asked = [questions.rest(shape, question) for question in questions.questions(database, shape, plan.cold)]
        found: defaultdict[int, list[float]] = defaultdict(list)
        for _ in range(min(plan.repeats, 3)):
            for workers, cores in ((1, "0"), (2, "0,1")):
                with running(ours("scaling", port, database, workers, cores, CACHE_BYTES="0")) as server:
                    measure(server, asked, 1, load_core)  # each worker has met each kind of question
                    found[workers].append(measure(server, asked, plan.seconds, load_core).rate)
        one, two = median(found[1]), median(found[2])
        ratio = round(two / one, 2) if one else None
        rates[shape] = {"one_worker": round(one), "two_workers": round(two), "ratio": ratio}
    return rates


def _middle(runs: list[Measured]) -> dict[str, Any]:
    """Medians of several runs; errors are added up."""
    return {
        "rate": round(median(run.rate for run in runs), 1),
        "p50_ms": round(median(run.p50_ms for run in runs), 2),
        "p99_ms": round(median(run.p99_ms for run in runs), 2),
        "processor_us": round(median(run.processor_us for run in runs), 1),
        "bytes": round(median(run.body_bytes for run in runs)),
        "errors": sum(run.errors for run in runs),
    }


def _folder(shape: str) -> str:
    return shape.split(maxsplit=1)[0].rstrip(",")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main())
