"""Request ids, logs and metrics."""

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from time import monotonic

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.resources import modules
from app.http.access_log import AccessLog, LoggedRequest
from app.http.log_format import JsonFormatter, request_id
from tests.serving import Serve, free_port, wait_for
from tests.support import PATIENCE, ROOT, client_for

SECRET = "numbness-after-wine"


async def test_a_request_id_is_taken_over_or_made(tiny: httpx.AsyncClient) -> None:
    given_id = await tiny.get("/livez", headers={"X-Request-ID": "trace-0001.a_B"})
    assert given_id.headers["X-Request-ID"] == "trace-0001.a_B"
    made = {(await tiny.get("/livez")).headers["X-Request-ID"] for _ in range(3)}
    assert len(made) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200))
async def test_an_ill_formed_request_id_is_replaced(tiny: httpx.AsyncClient, identifier: str) -> None:
    answer = (await tiny.get("/livez", headers={"X-Request-ID": identifier})).headers["X-Request-ID"]
    well_formed = 8 <= len(identifier) <= 64 and all(c.isalnum() or c in "._-" for c in identifier)
    assert (answer == identifier) == well_formed


async def logged(client: httpx.AsyncClient, *requests: str, headers: dict[str, str] | None = None) -> str:
    """What the access log writes about these requests."""
    log: AccessLog = client._transport.app.state.access_log  # type: ignore[attr-defined]
    log.flush()
    log.stream = io.StringIO()
    for url in requests:
        await client.get(url, headers=headers)
    log.flush()
    written = log.stream.getvalue()
    log.stream = None
    return written


async def test_the_log_has_no_query_string_and_no_address(tiny_database: str) -> None:
    async with client_for(tiny_database, log_format="json") as client:
        began = monotonic()
        written = await logged(client, f"/nutrients/iron?include={SECRET}", headers={"X-Request-ID": "trace-0002"})
        took = 1000 * (monotonic() - began)
    line = json.loads(written)
    assert (line["method"], line["path"], line["route"], line["status"], line["request_id"]) == (
        "GET",
        "/nutrients/iron",
        "/nutrients/{slug}",
        422,
        "trace-0002",
    )
    assert 0 <= line["milliseconds"] <= took
    assert line["bytes"] > 0
    assert SECRET not in written
    assert "127.0.0.1" not in written


async def test_query_strings_are_logged_where_that_is_asked_for(tiny_database: str) -> None:
    async with client_for(tiny_database, log_query=True) as client:
        assert "type=mineral" in await logged(client, "/nutrients?type=mineral")


async def test_a_path_cannot_forge_a_line(tiny: httpx.AsyncClient) -> None:
    assert (await logged(tiny, "/nutrients/%0a%1b[31mGET%20/forged")).rstrip("\n").isprintable()


async def test_lines_are_written_in_order_without_being_asked_for(tiny_database: str) -> None:
    async with client_for(tiny_database) as client:
        stream = client._transport.app.state.access_log.stream = io.StringIO()  # type: ignore[attr-defined]
        for path in ("/livez", "/nutrients", "/faq"):
            await client.get(path)
        for _ in range(100):
            if stream.getvalue().count("\n") == 3:
                break
            await asyncio.sleep(0.05)
        assert [line.split()[4] for line in stream.getvalue().splitlines()] == ["/livez", "/nutrients", "/faq"]


def test_lines_that_come_too_fast_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.access_log.LONGEST_QUEUE", 10)
    log = AccessLog("console", stream=io.StringIO())
    for number in range(25):
        log.add(0.0, 0.0, f"id-{number}", LoggedRequest("GET", "/", "/", 200, 1, None))
    log.flush()
    assert log.stream is not None
    lines = log.stream.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.rpartition(" ")[2] for line in lines[:-1]] == [f"id-{number}" for number in range(15, 25)]
    assert lines[-1].startswith("15 requests were not logged")


def test_a_log_that_nobody_reads_holds_up_no_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.access_log.PATIENCE", 0.1)
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        log = AccessLog("console", stream=stream)
        log.start()
        for number in range(5000):
            log.add(0.0, 0.0, f"id-{number}", LoggedRequest("GET", "/" * 300, "/", 200, 1, None))
        log.stop()
        os.close(reader)
        with suppress(BrokenPipeError):
            assert log.thread
            log.thread.join()
            stream.flush()


def test_a_line_of_an_error_has_the_request_id_and_the_cause() -> None:
    token = request_id.set("trace-0003")
    error = ValueError("cause")
    about = (ValueError, error, None)
    record = logging.LogRecord("app.error", logging.ERROR, "x", 1, "Unexpected", (), about)
    line = json.loads(JsonFormatter().format(record))
    request_id.reset(token)
    assert (line["request_id"], line["level"]) == ("trace-0003", "error")
    assert "ValueError: cause" in line["error"]


async def test_an_unexpected_error_is_answered_and_logged_once(
    tiny_database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("app.api.resources.dataset.DatasetInfo", broken)
    async with client_for(tiny_database) as client:
        response = await client.get("/dataset", headers={"X-Request-ID": "trace-0004"})
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert response.headers["X-Request-ID"] == "trace-0004"
    assert "a bug" not in response.text
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_metrics_have_a_listener_of_their_own(tiny_sqlite: str, serving: Serve, workers: str, tmp_path: Path) -> None:
    port, temporary = free_port(), tmp_path
    with serving(tiny_sqlite, WORKERS=workers, METRICS_PORT=str(port), TMPDIR=str(temporary)) as server:
        assert list(temporary.glob("metrics-*"))
        for _ in range(20):
            server.get("/nutrients/iron")
        server.get("/nutrients/no-such")
        server.get("/wp-login.php")
        assert server.get("/metrics").status_code == 404

        def scraped() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                return str(answer.read(), "utf-8")

        # requests are counted soon after they were answered
        wait_for(lambda: 'route="unmatched",status="404"} 2.0' in scraped())
        shown = scraped()
    # both processes are counted, and no path of a stranger's making becomes a label
    assert 'nutrients_http_requests_total{method="GET",route="/nutrients/{slug}",status="200"} 20.0' in shown
    assert 'nutrients_http_requests_total{method="GET",route="unmatched",status="404"} 2.0' in shown
    assert 'nutrients_http_request_duration_seconds_count{route="/nutrients/{slug}"} 21.0' in shown
    assert 'version="0.1.0"' in shown
    assert "nutrients_database_up 1.0" in shown
    assert "wp-login" not in shown
    assert not list(temporary.glob("metrics-*"))


async def test_every_route_is_counted_by_its_template(tiny_database: str) -> None:
    templates = sorted({route.path for module in modules() for route in module.router.routes})
    async with client_for(tiny_database, log_format="json") as client:
        written = await logged(client, *(template.replace("{slug}", "iron") for template in templates))
    assert [json.loads(line)["route"] for line in written.splitlines()] == templates


def test_the_memo_logs_and_counts_like_the_ordinary_way(tiny_sqlite: str, serving: Serve) -> None:
    port = free_port()
    with serving(tiny_sqlite, ACCESS_LOG="true", LOG_FORMAT="json", METRICS_PORT=str(port)) as server:
        began = monotonic()
        with httpx.Client(base_url=server.url) as client:
            for _ in range(6):
                client.get("/nutrients/iron")
        wait_for(lambda: server.log.read_text().count('"path": "/nutrients/iron"') == 6)
        took = 1000 * (monotonic() - began)
        lines = [json.loads(line) for line in server.log.read_text().splitlines() if "/nutrients/iron" in line]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            shown = answer.read().decode()
    assert [line["cache"] for line in lines] == ["miss", *["hit"] * 5]
    assert len({line["request_id"] for line in lines}) == 6
    assert 0 <= sum(line["milliseconds"] for line in lines) <= took
    assert len({(line["route"], line["status"], line["bytes"]) for line in lines}) == 1
    assert 'nutrients_http_requests_total{method="GET",route="/nutrients/{slug}",status="200"} 6.0' in shown


TRACED_BY_ANOTHER = """
import asyncio, sys
import httpx
from opentelemetry import trace
from app.main import create_app
from app.settings import Settings

class Tracer(trace.NoOpTracer):
    def start_span(self, *args, **more):
        print("a span", more)
        return super().start_span(*args, **more)

    def start_as_current_span(self, *args, **more):
        print("a span", more)
        return super().start_as_current_span(*args, **more)

class Provider(trace.TracerProvider):
    def get_tracer(self, *args, **more):
        return Tracer()

async def ask():
    app = create_app(Settings(database_url=sys.argv[1]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        print((await client.get("/search?q=secret")).status_code)

trace.set_tracer_provider(Provider())
asyncio.run(ask())
"""


def test_no_query_gets_into_spans_that_somebody_else_has_set_up(tiny_sqlite: str) -> None:
    command = [sys.executable, "-c", TRACED_BY_ANOTHER, tiny_sqlite]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stdout == "200\n", done.stderr
