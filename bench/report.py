"""The results as a page of the documentation, with a plot."""

import subprocess
from pathlib import Path
from typing import Any

from bench.servers import FROM_MEMORY, PEER_PYTHON, ROOT, Failed

DOCS = ROOT / "docs"
SHAPES = ("detail", "list of 20", "filter + sort")
CONFIGURATION = "as it ships unless the row says otherwise: access log on, default cache, one worker, SQLite"


def write(results: dict[str, Any], file: Path) -> str:
    """Write docs/benchmark.md and its plot; returns the page."""
    DOCS.mkdir(exist_ok=True)
    text = page(results)
    (DOCS / "benchmark.md").write_text(text)
    command = [str(PEER_PYTHON), str(Path(__file__).with_name("plot.py")), str(file), str(DOCS / "benchmark.svg")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise Failed(f"The plot cannot be drawn:\n{done.stderr[-800:]}")
    return text


def page(results: dict[str, Any]) -> str:
    """The page."""
    machine, plan, start = results["machine"], results["plan"], results["start"]
    hit, miss = (results["servers"][f"this API, {how}"]["resident_mib"][0] for how in ("hit", "miss"))
    return f"""# Benchmark

Written by `make bench`. {machine["processor"]}, {machine["cores"]} cores, Python {machine["python"]};
{plan["sizes"][-1]:,} records, of which half are sources: the kind that is compared. The server is pinned to one
core, `wrk` with 64 keep-alive connections to another; medians of {plan["repeats"]} interleaved runs of
{plan["seconds"]} s, each begun when the server before it has come to rest. Absolute numbers are those of one
machine: read the ratios.

![Requests a second](benchmark.svg)

## Requests a second

nginx has one worker too, its access log on and buffered. Rows "log off" are for comparison only. µs is the
server's processor time for a request, steadier than the rate on a shared machine.

{_rates(results["servers"], SHAPES)}

`hit` asks for {plan["hot"]} paths again and again, as does nginx for the same bodies as files and as do granian
(RSGI) and robyn (`const` routes) from memory, each with one worker, without a log and without 304s; all others answer
{plan["cold"]:,} random ones, `miss` with the cache off (`CACHE_BYTES=0`). "The same, eager" loads related rows with
the list (`selectinload`) instead of one by one. Datasette counts nothing and pages by key; Django REST framework runs
under gunicorn, three processes of four threads, `DEBUG` off. The sources of all are in `bench/peers/`. PostgREST
is left out: neither Debian nor PyPI has a package of it.

{_rates(results["servers"], tuple(f"{shape}, 304" for shape in SHAPES))}

## Ratios

{_ratios(results["servers"])}

A hit with the log off costs {_costs(results["servers"]["this API, hit, log off"])}.

{_postgresql(results["postgresql"], plan)}## Growth

Milliseconds of processor time that a request costs the server, cache off. One word finds a full page of 20 hits from
1,000 records on; two at random find few there, and a full page in a larger one.

{_growth(results["growth"])}

## Start, memory, workers

First answer after {start["seconds_to_answer"]} s; {start["resident_mib"]} MiB resident then, {miss} MiB after the load
with the cache off, {hit} MiB with the cache on.

| two workers to one | one | two | ratio |
|---|---|---|---|
{_scaling(results["scaling"])}
"""


def _rates(servers: dict[str, Any], shapes: tuple[str, ...]) -> str:
    shown = {name: found for name, found in servers.items() if any(shape in found for shape in shapes)}
    lines = [
        f"| this API {CONFIGURATION} | {' | '.join(f'{shape} | p50 / p99 ms | µs' for shape in shapes)} |",
        f"|---|{'---|---|---|' * len(shapes)}",
    ]
    for name, found in shown.items():
        lines.append(f"| {name} | {' | '.join(_cell(found.get(shape)) for shape in shapes)} |")
    return "\n".join(lines)


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return "- | - | -"
    errors = f" ({found['errors']} errors)" if found["errors"] else ""
    return (
        f"{found['rate']:,.0f}{errors} | {found['p50_ms']:.1f} / {found['p99_ms']:.1f} | {found['processor_us']:,.0f}"
    )


def _ratios(servers: dict[str, Any]) -> str:
    lines = ["| this API, as a multiple of | detail | list of 20 | filter + sort |", "|---|---|---|---|"]
    peers = [name for name in servers if not name.startswith(("this API", "nginx", *FROM_MEMORY))]
    pairs = [(ours, peer, "") for ours in ("hit", "miss") for peer in peers]
    pairs += [(f"hit{log}", f"nginx{log}", status) for log in ("", ", log off") for status in ("", ", 304")]
    pairs += [("hit, log off", peer, "") for peer in servers if peer.startswith(FROM_MEMORY)]
    for ours, peer, status in pairs:
        cells = [_ratio(servers[f"this API, {ours}"], servers[peer], shape + status) for shape in SHAPES]
        lines.append(f"| {ours}{status} : {peer} | {' | '.join(cells)} |")
    for log in ("", ", log off"):
        hit, nginx = servers[f"this API, hit{log}"], servers[f"nginx{log}"]
        cells = [_ratio(hit, nginx, shape, "p99_ms") for shape in SHAPES]
        lines.append(f"| p99 of hit{log} : nginx{log} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _ratio(ours: dict[str, Any], other: dict[str, Any], shape: str, what: str = "rate") -> str:
    if shape not in ours or shape not in other:
        return "-"
    ratio = ours[shape][what] / max(other[shape][what], 0.01)
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def _costs(hit: dict[str, Any]) -> str:
    cells = (hit[shape] for shape in SHAPES)
    return ", ".join(f"{each['processor_us']:.1f} µs ({each['bytes']:,} bytes)" for each in cells)


def _postgresql(rates: dict[str, Any], plan: dict[str, Any]) -> str:
    if not rates:
        return ""
    found = ", ".join(f"{rate:,} ({shape})" for shape, rate in rates.items())
    return f"""## PostgreSQL

Misses a second with {plan["postgresql"]:,} records on PostgreSQL, the API on one core, the database and `wrk` on
another: {found}.

"""


def _growth(growth: dict[str, Any]) -> str:
    sizes = list(next(iter(growth.values())))
    lines = [f"| what | {' | '.join(f'{int(size):,}' for size in sizes)} |", f"|---|{'---|' * len(sizes)}"]
    for shape, costs in growth.items():
        lines.append(f"| {shape} | {' | '.join('-' if c is None else f'{c:.3g}' for c in costs.values())} |")
    return "\n".join(lines)


def _scaling(scaling: dict[str, Any]) -> str:
    return "\n".join(
        f"| {shape} (miss) | {found['one_worker']:,} | {found['two_workers']:,} | {found['ratio']} |"
        for shape, found in scaling.items()
    )
