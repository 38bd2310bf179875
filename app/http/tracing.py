"""OpenTelemetry spans of requests, by route and without query strings. Needs the `tracing` extra."""

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanProcessor
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.routes import OfferOf, template_of


class TracingMiddleware:
    """One span for each request, below that of the caller if it names one. Set up by the `OTEL_*` variables."""

    def __init__(self, app: ASGIApp, offer_of: OfferOf, processor: SpanProcessor | None = None) -> None:
        self.app = app
        self.offer_of = offer_of
        provider = TracerProvider()
        provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = provider.get_tracer("nutrients")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        route = template_of(self.offer_of(scope["path"]))
        caller = propagate.extract(
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        )
        attributes = {"http.request.method": scope["method"], "http.route": route}
        with self.tracer.start_as_current_span(
            f"{scope['method']} {route}", caller, trace.SpanKind.SERVER, attributes
        ) as span:

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self.app(scope, receive, sending)
