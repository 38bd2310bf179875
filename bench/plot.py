"""plot.py RESULTS FILE: bars of requests a second, by server. Runs in the peers' environment."""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
# the same results give the same file
mpl.rcParams["svg.hashsalt"] = "benchmark"

from matplotlib import pyplot as plt  # noqa: E402 - after the choice of what to draw with


def draw(results: Path, file: Path) -> None:
    """Draw one panel for each shape, on a logarithmic scale."""
    servers = json.loads(results.read_text())["servers"]
    names = list(servers)[::-1]
    shapes = ("detail", "list of 20", "filter + sort")
    figure, panels = plt.subplots(1, len(shapes), figsize=(12, 3.6), sharey=True, layout="constrained")
    for shape, panel in zip(shapes, panels, strict=True):
        rates = [servers[name].get(shape, {}).get("rate", 0) for name in names]
        colours = ["#0b6e4f" if name.startswith("this") else "#9aa5b1" for name in names]
        bars = panel.barh(names, rates, color=colours)
        panel.bar_label(bars, labels=[f"{rate:,.0f}" for rate in rates], padding=3, fontsize=8)
        panel.set(xscale="log", title=shape, xlabel="requests a second, one core (log)", xlim=(1, max(rates) * 6))
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
