"""OpenTelemetry, where the extra is installed."""

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the `tracing` extra is not installed")

import httpx
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.http.routes import offers_of
from app.http.tracing import TracingMiddleware
from app.main import create_app
from app.settings import Settings

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_span_names_the_route_and_the_caller_and_not_what_was_asked(tiny_database: str) -> None:
    spans = InMemorySpanExporter()
    app = create_app(Settings(database_url=tiny_database))
    traced = TracingMiddleware(app, offers_of(app.routes), SimpleSpanProcessor(spans))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=traced), base_url="http://test") as client:
        await client.get("/nutrients/iron?fields=secret", headers={"traceparent": CALLER})
    app.state.engine.dispose()
    [span] = spans.get_finished_spans()
    assert span.name == "GET /nutrients/{slug}"
    assert f"{span.context.trace_id:032x}" == CALLER.split("-")[1]
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/nutrients/{slug}",
        "http.response.status_code": 422,
    }
