"""Prometheus metrics, on a listener of their own.

The processes of the server write into files that the first of them reads together. Their folder has to be named by
PROMETHEUS_MULTIPROC_DIR before this module is imported: `python -m app serve` does so.
"""

from collections.abc import Iterator
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.api.errors import NotReady
from app.api.records import release_info
from app.http.access_log import LoggedRequest

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
METHODS = ("GET", "HEAD", "OPTIONS")


class Metrics:
    def __init__(self) -> None:
        # of its own, so that several apps fit into one process
        registry = self.registry = CollectorRegistry()
        self.requests = Counter(
            "nutrients_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "nutrients_http_request_duration_seconds",
            "Time to the end of the answer.",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )
        self.cache = Counter(
            "nutrients_cache_lookups", "Lookups in the cache of answers.", ("result",), registry=registry
        )

    def answered(self, request: LoggedRequest, seconds: float) -> None:
        method = request.method if request.method in METHODS else "other"
        self.requests.labels(method, request.route, str(request.status)).inc()
        self.seconds.labels(request.route).observe(seconds)
        if request.cache:
            self.cache.labels(request.cache).inc()


class DatasetCollector(Collector):
    """Version of the dataset, asked of the database at each scrape."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def collect(self) -> Iterator[Metric]:
        about = None
        with suppress(SQLAlchemyError, NotReady), self.engine.connect() as connection:
            about = release_info(connection)
        up = float(about is not None)
        yield GaugeMetricFamily("nutrients_database_up", "1 if the database answers with a dataset.", value=up)
        if about:
            info = GaugeMetricFamily("nutrients_dataset_info", "The dataset.", labels=("version", "content_hash"))
            info.add_metric((about["version"], about["content_hash"]), 1)
            yield info


def serve_metrics(host: str, port: int, engine: Engine) -> None:
    """Listen for scrapes in a thread; `OSError` where the port is taken."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(DatasetCollector(engine))
    start_http_server(port, host, registry)
