"""The shipped nginx configuration, and the API below a path, through a real nginx."""

import http.client
import json
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Server, free_port, serving, wait_for
from tests.support import ROOT, real_database

pytestmark = pytest.mark.slow

MINIMAL = """
events {{}}
http {{
    access_log off;
    client_body_temp_path <FOLDER>/body; proxy_temp_path <FOLDER>/proxy;
    fastcgi_temp_path <FOLDER>/fastcgi; uwsgi_temp_path <FOLDER>/uwsgi; scgi_temp_path <FOLDER>/scgi;
    server {{
        listen <LISTEN>;
        {locations}
    }}
}}
pid <FOLDER>/pid;
error_log stderr crit;
"""

Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@contextmanager
def nginx(text: str, port: int | None = None) -> Iterator[Ask]:
    """nginx with this configuration; yields a function that asks it, each time on a connection of its own."""
    program = shutil.which("nginx")
    if not program:
        pytest.skip("nginx is not installed: `apt-get install nginx-light`")
    # its workers are another user, who must be able to enter
    with tempfile.TemporaryDirectory(prefix="nginx-") as folder:
        Path(folder).chmod(0o755)
        port = port or free_port()
        for name, value in (("FOLDER", folder), ("LISTEN", f"127.0.0.1:{port}")):
            text = text.replace(f"<{name}>", value)
        config = Path(folder) / "nginx.conf"
        config.write_text(text, encoding="utf-8")
        with running(program, config, port) as ask:
            yield ask


@contextmanager
def running(program: str, config: Path, port: int) -> Iterator[Ask]:
    process = subprocess.Popen([program, "-c", str(config), "-g", "daemon off;", "-e", "stderr"])

    def ask(path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        try:
            return response.status, {key.lower(): value for key, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def is_listening() -> bool:
        assert process.poll() is None, "nginx ended"
        try:
            ask("/livez")
        except ConnectionError:
            return False
        return True

    try:
        wait_for(is_listening)
        yield ask
    finally:
        process.terminate()
        process.wait(10)


def shipped(upstream: int, patience: str = "10s") -> str:
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    values = {"CACHE_LISTEN": "<LISTEN>", "API_1": f"127.0.0.1:{upstream}", "API_2": f"127.0.0.1:{upstream}"}
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    text = text.replace("/tmp/nginx", "<FOLDER>/nginx").replace("/dev/stdout", "<FOLDER>/access.log")
    return text.replace("proxy_read_timeout 10s", f"proxy_read_timeout {patience}").replace("auto;", "1;")


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that it was asked with; `/slow` never."""

    protocol_version = "HTTP/1.1"
    ended = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.ended.wait(30)
        body = json.dumps({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    Echo.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def api() -> Iterator[Server]:
    with serving(real_database()) as server:
        yield server


@pytest.fixture(scope="module")
def cache(api: Server) -> Iterator[Ask]:
    with nginx(shipped(api.port)) as ask:
        yield ask


@pytest.fixture(scope="module")
def echoing(echo: int) -> Iterator[Ask]:
    with nginx(shipped(echo, "1s")) as ask:
        yield ask


# --- the cache ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("gzip,deflate,zstd", "zstd"),
        ("BR", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "gzip"),
        ("gzip;q=0.1, br;q=0.5", "br"),
        ("identity, gzip;q=0.5", ""),
        ("xbr, notgzip", ""),
        ("", ""),
        ("*", "br"),
    ],
)
def test_the_coding_is_the_one_that_the_api_would_choose(cache: Ask, api: Server, accepted: str, coding: str) -> None:
    direct = httpx.get(f"{api.url}/nutrients", headers={"Accept-Encoding": accepted})
    assert direct.headers.get("Content-Encoding", "") == coding
    for _ in "cold", "warm":
        status, headers, _ = cache("/nutrients", Accept_Encoding=accepted)
        assert (status, headers.get("content-encoding", "")) == (200, coding)
        assert headers["etag"] == direct.headers["ETag"]


def test_browsers_that_write_their_headers_differently_share_an_answer(cache: Ask) -> None:
    cache("/nutrients?limit=3", Accept_Encoding="gzip, deflate, br")
    assert cache("/nutrients?limit=3", Accept_Encoding="deflate,br , gzip")[1]["x-cache"] == "HIT"
    assert cache("/nutrients?limit=3", Accept_Encoding="gzip")[1]["x-cache"] == "MISS"


def test_pages_and_data_do_not_mix(cache: Ask) -> None:
    for _ in "cold", "warm":
        assert cache("/", Accept="text/html")[1]["content-type"].startswith("text/html")
        assert cache("/", Accept="application/json")[1]["content-type"] == "application/json"
        assert cache("/")[1]["content-type"] == "application/json"


def test_two_slashes_are_not_one_cold_or_warm(cache: Ask) -> None:
    for _ in "cold", "warm":
        assert cache("//nutrients?limit=5")[0] == 404
        assert cache("/nutrients?limit=5")[0] == 200


def test_a_query_does_not_fill_the_cache_with_copies_of_a_file(cache: Ask) -> None:
    page = cache("/docs")[2].decode()
    asset = re.findall(r'src="([^"]+)"', page)[0]
    for path in (asset, "/openapi.json", "/favicon.ico"):
        first = cache(f"{path}?1")
        assert first[0] == 200
        second = cache(f"{path}?2")
        assert (second[1]["x-cache"], second[2]) == ("HIT", first[2])
        assert cache(f"/nutrients/..{path}")[1]["x-cache"] == "HIT"


def test_each_answer_has_an_id_of_its_own(cache: Ask) -> None:
    ids = [cache("/nutrients?limit=7")[1]["x-request-id"] for _ in range(3)]
    assert len(set(ids)) == 3


def test_health_is_never_from_the_cache(cache: Ask) -> None:
    for path in ("/livez", "/readyz"):
        assert cache(path)[0] == 200
        assert not cache(path)[1].get("x-cache")


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (404, {"path": "/metrics"}),
        (404, {"path": "/.problem"}),
        (405, {"path": "/nutrients", "method": "TRACE"}),
        (413, {"path": "/nutrients", "method": "POST", "body": b"x" * 5000}),
        (414, {"path": "/" + "x" * 20_000}),
        (431, {"path": "/nutrients", "X-Long": "x" * 20_000}),
        (400, {"path": "/nutrients", "Host": "a b"}),
        (412, {"path": "/nutrients?limit=9", "If-Match": '"other"'}),
        (416, {"path": "/nutrients?limit=9", "Range": "bytes=99999999-"}),
        (504, {"path": "/slow"}),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_every_error_of_nginx_itself_is_a_problem(
    request: pytest.FixtureRequest, status: int, request_: dict[str, Any]
) -> None:
    ask: Ask = request.getfixturevalue("echoing" if status == 504 else "cache")
    if status in (412, 416):
        ask(request_["path"])  # nginx answers these by itself once it holds the representation
    answer = ask(**request_)
    check_problem(*answer, status)
    # of a URL that is too long nginx keeps nothing
    path = "/" if status == 414 else request_["path"].partition("?")[0]
    assert json.loads(answer[2])["instance"] == path


def test_a_path_cannot_end_the_string_that_repeats_it(cache: Ask) -> None:
    answer = cache('/a","x":"', "TRACE")
    check_problem(*answer, 405)
    assert json.loads(answer[2])["instance"] == "/"


def test_an_api_that_is_away_is_a_problem() -> None:
    with nginx(shipped(free_port())) as ask:
        answer = ask("/nutrients")
        check_problem(*answer, 502)
        assert answer[1]["retry-after"] == "5"


def check_problem(status: int, headers: dict[str, str], body: bytes, expected: int) -> None:
    assert status == expected
    assert headers["content-type"] == "application/problem+json"
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-control"] == "no-store"
    problem = json.loads(body)
    assert problem["status"] == expected
    assert problem.keys() == {"type", "title", "status", "detail", "instance", "errors"}


def test_no_upgrade_and_nothing_of_the_clients_own_about_its_way_is_passed_on(echoing: Ask) -> None:
    told = {
        "Upgrade": "websocket",
        "Connection": "Upgrade, X-Other",
        "Forwarded": "for=1.2.3.4",
        "X_Forwarded_For": "1.2.3.4",
        "X_Forwarded_Prefix": "/evil",
        "X_Forwarded_Proto": "https",
    }
    status, _, body = echoing("/echo", **told)
    seen = json.loads(body)
    assert status == 200
    assert not {"upgrade", "connection", "forwarded", "x-forwarded-prefix"} & seen.keys()
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "http")


# --- below a path ---------------------------------------------------------------------------------------------------

PREFIX = "/api/nutrients"

WAYS = {
    # the proxy cuts the path off, or passes it on, or cuts it off and says so
    "cut": ("proxy_pass http://127.0.0.1:{port}/;", {"ROOT_PATH": PREFIX}),
    "passed": ("proxy_pass http://127.0.0.1:{port};", {"ROOT_PATH": PREFIX}),
    "told": (
        f"proxy_pass http://127.0.0.1:{{port}}/; proxy_set_header X-Forwarded-Prefix {PREFIX};",
        {"TRUST_FORWARDED_PREFIX": "true"},
    ),
}


@pytest.fixture(scope="module", params=WAYS)
def below(request: pytest.FixtureRequest, tiny_sqlite: str) -> Iterator[Ask]:
    directives, settings = WAYS[request.param]
    with serving(tiny_sqlite, **settings) as server:
        location = f"location {PREFIX}/ {{ {directives.format(port=server.port)} }}"
        with nginx(MINIMAL.format(locations=location)) as ask:
            yield ask


def test_every_link_of_the_index_and_of_the_docs_works(below: Ask) -> None:
    for page in ("/", "/docs"):
        status, headers, body = below(PREFIX + page, Accept="text/html")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        links = re.findall(r'(?:href|src)="([^"]+)"', body.decode())
        for link in links:
            # the text of the licence is elsewhere
            if not link.startswith(("#", "https://creativecommons.org/")):
                assert link.startswith(f"{PREFIX}/"), link
                # a browser keeps the fragment to itself
                assert below(link.replace("&amp;", "&").partition("#")[0])[0] == 200, link


def test_the_docs_pages_find_the_description_and_try_it_out(below: Ask) -> None:
    """The scripts fetch `openapi.json` from where the page is, and ask the server that it names."""
    script = re.findall(r'src="([^"]+)"', below(f"{PREFIX}/docs")[2].decode())[-1]
    assert b'"openapi.json"' in below(script)[2]
    description = json.loads(below(f"{PREFIX}/openapi.json")[2])
    (server,) = description["servers"]
    assert server["url"] == PREFIX
    for path, item in description["paths"].items():
        if "{" not in path and not any(parameter.get("required") for parameter in item["get"].get("parameters", ())):
            assert below(server["url"] + path)[0] == 200, path


def test_links_in_data_and_redirects_stay_below_the_path(below: Ask) -> None:
    found = below(f"{PREFIX}/resolve?code=mesh:D007501")
    assert (found[0], found[1]["location"]) == (308, f"{PREFIX}/nutrients/iron")
    page = json.loads(below(f"{PREFIX}/nutrients?limit=1")[2])
    assert json.loads(below(page["next"])[2])["offset"] == 1
    detail = below(page["items"][0]["url"])
    assert detail[0] == 200
    links = re.findall("<(/[^>]*)>", detail[1]["link"])
    assert links
    assert {below(link)[0] for link in links} == {200}
    status, headers, _ = below(f"{PREFIX}/nutrients/?limit=1")
    assert (status, headers["location"]) == (308, f"{PREFIX}/nutrients?limit=1")
    missing = json.loads(below(f"{PREFIX}/nutrients/none")[2])
    assert missing["instance"] == f"{PREFIX}/nutrients/none"
