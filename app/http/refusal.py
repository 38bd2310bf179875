"""Refusals that no route makes: too long, too many, not acceptable, failed."""

from app.api.errors import MEDIA_TYPE, problem_body
from app.http.exchange import Scope, Send
from app.http.headers import DATA_POLICY, Headers, common_headers


async def refuse(scope: Scope, send: Send, status: int, detail: str, headers: Headers | None = None) -> None:
    """Answer a request with problem details, complete with what every response carries; none of the body for HEAD."""
    body = problem_body(status, detail, scope["path"])
    complete: Headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        DATA_POLICY,
        *(headers or []),
        *common_headers(scope["scheme"]),
    ]
    await send({"type": "http.response.start", "status": status, "headers": complete})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
