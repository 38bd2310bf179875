"""Request ids, logs and metrics."""

import json
import logging
import urllib.request

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.http.log_format import ConsoleFormatter, JsonFormatter, request_id
from app.main import RESOURCES
from tests.serving import free_port, serving
from tests.support import client_for

SECRET = "numbness-after-wine"


async def test_a_request_id_is_taken_over_or_made(tiny: httpx.AsyncClient) -> None:
    given_id = await tiny.get("/livez", headers={"X-Request-ID": "trace-0001.a_B"})
    assert given_id.headers["X-Request-ID"] == "trace-0001.a_B"
    made = {(await tiny.get("/livez")).headers["X-Request-ID"] for _ in range(3)}
    assert len(made) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200))
async def test_an_ill_formed_request_id_is_replaced(tiny: httpx.AsyncClient, identifier: str) -> None:
    answer = (await tiny.get("/livez", headers={"X-Request-ID": identifier})).headers["X-Request-ID"]
    well_formed = 8 <= len(identifier) <= 64 and all(c.isalnum() or c in "._-" for c in identifier)
    assert (answer == identifier) == well_formed


async def test_the_log_has_no_query_string_and_no_address(
    tiny: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "app"):
        await tiny.get(f"/nutrients/iron?include={SECRET}", headers={"X-Request-ID": "trace-0002"})
    [record] = [record for record in caplog.records if record.name == "app.access"]
    line = json.loads(JsonFormatter().format(record))
    assert (line["method"], line["path"], line["route"], line["status"]) == (
        "GET",
        "/nutrients/iron",
        "/nutrients/{slug}",
        422,
    )
    assert line["milliseconds"] >= 0
    assert line["bytes"] > 0
    assert SECRET not in caplog.text + json.dumps(line)
    assert "127.0.0.1" not in json.dumps(line)


async def test_query_strings_are_logged_where_that_is_asked_for(
    tiny_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with client_for(tiny_database, log_query=True) as client:
        with caplog.at_level(logging.INFO, "app"):
            await client.get("/nutrients", params={"type": "mineral"})
    assert "type=mineral" in caplog.text


async def test_a_path_cannot_forge_a_line(tiny: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "app"):
        await tiny.get("/nutrients/%0a%1b[31mGET%20/forged")
    [record] = [record for record in caplog.records if record.name == "app.access"]
    assert ConsoleFormatter().format(record).isprintable()


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

    monkeypatch.setattr("app.api.resources.dataset.dataset", broken)
    async with client_for(tiny_database) as client:
        response = await client.get("/dataset", headers={"X-Request-ID": "trace-0004"})
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert response.headers["X-Request-ID"] == "trace-0004"
    assert "a bug" not in response.text
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


@pytest.mark.slow
def test_metrics_have_a_listener_of_their_own(tiny_database: str) -> None:
    port = free_port()
    with serving(tiny_database, WORKERS="2", METRICS_PORT=str(port)) as server:
        for _ in range(20):
            server.get("/nutrients/iron")
        server.get("/nutrients/no-such")
        server.get("/wp-login.php")
        assert server.get("/metrics").status_code == 404
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            shown = answer.read().decode()
    # both processes are counted, and no path of a stranger's making becomes a label
    assert 'nutrients_http_requests_total{method="GET",route="/nutrients/{slug}",status="200"} 20.0' in shown
    assert 'nutrients_http_requests_total{method="GET",route="unmatched",status="404"} 2.0' in shown
    assert 'nutrients_http_request_duration_seconds_count{route="/nutrients/{slug}"} 21.0' in shown
    assert 'version="0.1.0"' in shown
    assert "nutrients_database_up 1.0" in shown
    assert "wp-login" not in shown


async def test_every_route_is_counted_by_its_template(
    tiny: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    templates = {route.path for resource in RESOURCES for route in resource.router.routes}
    with caplog.at_level(logging.INFO, "app"):
        for template in sorted(templates):
            await tiny.get(template.replace("{slug}", "iron"))
    assert {record.fields["route"] for record in caplog.records if record.name == "app.access"} == templates
