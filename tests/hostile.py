"""python -m tests.hostile: what one hostile client can cost. Prints a table; fails where a case is wrong or too dear.

The rule of the product: no request costs more than 20 ms of event-loop time or 1 MB of memory that stays, and no client
can make memory grow without end. Time is processor time of the server's main thread, the best of several tries: other
work on the machine adds nothing. What threads do meanwhile shows in the time that `/livez` takes next to the request.
"""

import json
import random
import select
import socket
import string
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from shutil import copytree

from tests.serving import Server, serving, wait_for
from tests.support import REAL, ROOT, TINY, make_database, run, with_long_list
from tests.test_check import HOSTILE as HOSTILE_FILES
from tests.test_check import MISTAKES
from tests.test_http_protocol import MALFORMED
from tests.test_server_faults import HOSTILE as HOSTILE_BYTES

LOOP_MS = 20.0
LIVEZ_MS = 100.0
"""`/livez` next to a request: what the event loop may do, and what it waits for a thread that computes."""
STAYS_MB = 1.0
TRIES = 8
SETTLED_MB = 12.0
"""What the second half of a flood may add: allocators round up, caches were filled by the first half."""
GROWTH_MB = 160.0
"""What all cases together may add: caches (48 MB as shipped), threads and their memory."""

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body; status 0 where the connection was closed without an answer."""

Right = Callable[[Answer], bool]


@dataclass
class Measured:
    """One row of the table."""

    point: str
    name: str
    result: str
    is_right: bool
    loop: float | None = None
    livez: float | None = None
    before: int = 0
    after: int = 0


# --- a client ---------------------------------------------------------------------------------------------------------


def get(target: str | bytes, *headers: str, method: str = "GET") -> bytes:
    """The bytes of a request."""
    target = target.encode() if isinstance(target, str) else target
    lines = "".join(f"{header}\r\n" for header in headers).encode()
    return b"%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n" % (method.encode(), target, lines)


def length_of(received: bytes, *, is_head: bool) -> int | None:
    """How many bytes an answer has, once its head is there; -1 where the end of the connection says it."""
    head, separator, _ = received.partition(b"\r\n\r\n")
    if not separator:
        return None
    lines = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), -1)
    bodiless = is_head or head[9:12] in (b"204", b"304")
    return len(head) + 4 + (0 if bodiless else length) if length >= 0 or bodiless else -1


def parsed(received: bytes) -> Answer:
    """The answer that these bytes are."""
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(status[9:12] or 0), {name.lower(): value.strip() for name, _, value in pairs}, body


class Client:
    """A connection."""

    def __init__(self, server: Server) -> None:
        self.socket = server.connect()
        self._received = b""

    def send(self, request: bytes) -> None:
        self._received, self._is_head = b"", request.startswith(b"HEAD")
        with suppress(ConnectionError):
            self.socket.sendall(request)

    def receive(self) -> bool:
        """Read once; whether the answer is complete."""
        try:
            piece = self.socket.recv(2**20)
        except ConnectionError:
            piece = b""
        self._received += piece
        length = length_of(self._received, is_head=self._is_head)
        ended = self._received.endswith(b"\r\n0\r\n\r\n") if length == -1 else len(self._received) == length
        return not piece or (length is not None and ended)

    @property
    def answer(self) -> Answer:
        return parsed(self._received)

    def ask(self, request: bytes) -> Answer:
        self.send(request)
        while not self.receive():
            pass
        return self.answer


def ask(server: Server, request: bytes) -> Answer:
    """The answer on a connection of its own."""
    client = Client(server)
    with closing(client.socket):
        return client.ask(request)


def loop_time(server: Server, request: bytes) -> tuple[Answer, float]:
    """The answer, and the processor time of the main thread in milliseconds."""
    client = Client(server)
    with closing(client.socket):
        ask(server, get("/livez"))
        time.sleep(0.01)
        before = server.processor_time()
        answer = client.ask(request)
        time.sleep(0.01)
        return answer, (server.processor_time() - before) * 1000


def livez_beside(server: Server, request: bytes) -> float:
    """The longest time, in milliseconds, that `/livez` took while the request was answered."""
    hostile, probe = Client(server), Client(server)
    longest = 0.0
    with closing(hostile.socket), closing(probe.socket):
        probe.ask(get("/livez"))
        hostile.send(request)
        answered = False
        while not answered:
            started = time.perf_counter()
            probe.send(get("/livez"))
            live = False
            while not live:
                ready, _, _ = select.select([probe.socket] if answered else [hostile.socket, probe.socket], [], [])
                answered = answered or (hostile.socket in ready and hostile.receive())
                live = probe.socket in ready and probe.receive()
            longest = max(longest, time.perf_counter() - started)
            time.sleep(0.002)
    return longest * 1000


# --- what is right ----------------------------------------------------------------------------------------------------


def status(*expected: int) -> Right:
    return lambda answer: answer[0] in expected


def problem(*expected: int) -> Right:
    """Problem details, readable from every origin, of a bounded length."""
    return lambda answer: (
        answer[0] in expected
        and answer[1].get("content-type") == "application/problem+json"
        and answer[1].get("access-control-allow-origin") == "*"
        and len(answer[2]) < 50_000
    )


def header(code: int, name: str, value: str) -> Right:
    return lambda answer: answer[0] == code and answer[1].get(name) == value


def no_failure(answer: Answer) -> bool:
    return answer[0] < 500


# --- requests ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One hostile request; `request` is given a number, so that no cache has seen it where that matters."""

    point: str
    name: str
    request: Callable[[int], bytes]
    right: Right


def case(point: str, name: str, right: Right, target: str, *headers: str, method: str = "GET") -> Case:
    """A request; `{}` in the target is its number."""
    return Case(point, name, lambda n: get(target.replace("{}", str(n)), *headers, method=method), right)


def near_misses(slugs: list[str], seed: int, count: int = 100) -> str:
    """Slugs with one letter changed."""
    source = random.Random(seed)
    made = []
    for slug in source.choices(slugs, k=count):
        at = source.randrange(1, len(slug))
        made.append(slug[:at] + source.choice(string.ascii_lowercase) + slug[at + 1 :])
    return ",".join(made)


def words(seed: int, length: int, letters: int) -> str:
    source = random.Random(seed)
    made = ("".join(source.choices(string.ascii_lowercase, k=letters)) for _ in range(length))
    return "+".join(made)


RECORD = "/nutrients/magnesium"


def wrong_answers() -> Iterator[Case]:
    far = "Fri, 06 Nov 99999999999999999999 08:49:37 GMT"
    icon = "/favicon.ico"
    yield case("1", "Range of a file in an unknown unit", status(200), icon, "Range: lines=0-9")
    yield case("1", "Range of a file outside of it", problem(416), icon, "Range: bytes=99999999-")
    yield case("1", "Range of a file", status(206), icon, "Range: bytes=0-9")
    dates = [far, far.replace("37 GMT", "9" * 30 + " GMT"), "Fri, 06 Nov 2020 08:49:37 +" + "9" * 20]
    for name in ("If-Modified-Since", "If-Unmodified-Since", "If-Range"):
        for number, text in enumerate(dates, 1):
            yield case("2", f"{name}: malformed date {number}", status(200), RECORD, f"{name}: {text}")
    later = "If-Modified-Since: Fri, 06 Nov 2099 08:49:37 GMT"
    yield case("24", "If-Modified-Since after Last-Modified", status(200), RECORD, later)


def http_details(server: Server) -> Iterator[Case]:
    headers = ask(server, get(RECORD))[1]
    etag, loaded = headers["etag"], time.strptime(headers["last-modified"], "%a, %d %b %Y %H:%M:%S GMT")
    asctime = time.strftime("%a %b %e %H:%M:%S %Y", loaded)
    for name, sent in MALFORMED.items():
        if name not in ("no version", "no HTTP at all"):
            point = "21" if "upgrade" in name else "10"
            yield Case(point, name, lambda _, sent=sent: sent, problem(400))  # type: ignore[misc]
    yield case("10", "If-Match of another", problem(412), RECORD, 'If-Match: "other"')
    earlier = "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"
    yield case("10", "If-Unmodified-Since before", problem(412), RECORD, earlier)
    yield case("10", "If-Match", status(200), RECORD, f"If-Match: {etag}")
    yield case("10", "asctime date", status(304), RECORD, f"If-Modified-Since: {asctime}")
    gzip = header(200, "content-encoding", "gzip")
    yield case("10", "gzip, identity;q=0", gzip, "/suggest?q=zzz", "Accept-Encoding: gzip, identity;q=0")
    old = b"GET /claims.ndjson HTTP/1.0\r\n\r\n"
    yield Case("10", "HTTP/1.0", lambda _: old, lambda got: got[0] == 200 and "transfer-encoding" not in got[1])
    yield Case("11", "raw UTF-8", lambda _: get("/search?q=señal".encode()), status(200, 400))
    yield case("11", "query of a file", status(200), "/favicon.ico?{}")
    yield case("11", "query of the description, brotli", status(200), "/openapi.json?{}", "Accept-Encoding: br")
    yield case("12", "final slash of a list", header(308, "location", "/nutrients"), "/nutrients/")
    yield case("12", "final slash of a record", header(308, "location", RECORD), f"{RECORD}/")
    yield case("12", "unknown parameters of a page", status(200), "/?utm_source={}&fbclid=1", "Accept: text/html")
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
    yield case("12", "h2c", status(200), "/livez", *upgrade)
    yield case("15", "unknown record", problem(404), "/food-sources/cheese-{}")
    yield case("15", "unknown path", problem(404), "/nutrient-{}")


def costs(server: Server) -> Iterator[Case]:
    slugs = {
        path: [line.split(",")[0] for line in ask(server, get(f"/{path}.csv?fields=slug"))[2].decode().split()[1:]]
        for path in ("intakes", "sources", "food-sources", "nutrients")
    }
    for path, known in slugs.items():
        yield Case("16", f"100 near misses in slug of /{path}", slug_list(path, known), problem(422))
    yield case("18", "30 kB of Accept", status(200, 406), "/nutrients", "Accept: " + "a/b;q=0.1," * 3000)
    yield case("18", "30 kB of Accept-Encoding", no_failure, "/nutrients", "Accept-Encoding: " + "x;q=0.1," * 3700)
    yield case("18", "30 kB of If-None-Match", status(200), "/nutrients", "If-None-Match: " + '"a",' * 7500)
    yield case("18", "30 kB of one entity tag", status(200), "/nutrients", "If-None-Match: " + '"' + "a" * 30000)
    yield case("18", "30 kB of X-Forwarded-For", status(200), "/nutrients", "X-Forwarded-For: " + "1.2.3.4, " * 3300)
    yield case("18", "8 kB in one slug", problem(422), "/nutrients?slug={}" + "a" * 8000)


def costs_of_queries(server: Server) -> Iterator[Case]:
    names = "&".join(a + b for a in string.ascii_lowercase for b in string.ascii_letters + string.digits)
    yield case("19", "1,600 unknown parameters", problem(400), f"/nutrients?{names}&{{}}")
    yield case("19", "4,000 times one parameter", problem(400), "/nutrients?" + "a&" * 4000 + "{}")
    yield case("19", "400 unknown parameters", problem(422), "/nutrients?" + names[:1200] + "{}")
    many = "sort=a{}&limit=x&offset=y&include=" + "z," * 90 + "z&kind=q&nutrient=w"
    yield case("19", "unknown values of all parameters", problem(422), f"/food-sources?{many}")
    yield case("16", "a path of 8 kB", problem(404), "/nutrients/{}" + "a" * 8000)
    yield case("16", "a path of 8,000 slashes", problem(404), "/{}" + "/" * 8000)
    for count, letters in ((1, 200), (66, 2), (25, 7)):
        yield Case(
            "16", f"search: {count} words of {letters} letters", searching("search", count, letters), status(200)
        )
    yield Case("16", "suggest: 200 letters", searching("suggest", 1, 200), status(200))
    known_words = (
        "magnesium calcium potassium iron zinc sodium vitamin d cramps twitching caffeine alcohol stress sleep"
    )
    for text in (known_words, "without dairy or fish " * 9):
        target = "/search?limit=100&offset={}&q=" + text.strip().replace(" ", "+")
        yield case("16", f"search: {text[:20]}...", status(200), target)
    yield case("16", "search: deep page", status(200), "/search?limit=100&offset=2147483647&q=magnesium+{}")
    for path in ("nutrients", "food-sources", "claims", "intakes", "mechanisms", "symptoms"):
        include = ask(server, get(f"/{path}?include=zzz"))[2]
        allowed = ",".join(json.loads(include)["errors"][0]["allowed"])
        target = f"/{path}?limit=100&include={allowed}&offset={{}}"
        yield case("16", f"a page of /{path} with all that is related", status(200), target)
    yield case("16", "deep page of a list", status(200), "/intakes?offset=21474836{}")
    yield case(
        "16", "an export of columns", status(200), "/claims.ndjson?fields=slug,name,grade", "Accept-Encoding: br"
    )
    for number, sent in enumerate(HOSTILE_BYTES, 1):
        if sent.endswith(b"\r\n\r\n") and sent.startswith(b"GET /"):
            yield Case("17", f"hostile bytes {number}", lambda _, sent=sent: sent, no_failure)  # type: ignore[misc]


def slug_list(path: str, known: list[str]) -> Callable[[int], bytes]:
    return lambda number: get(f"/{path}?slug={near_misses(known, number)}"[:8100])


def searching(path: str, count: int, letters: int) -> Callable[[int], bytes]:
    return lambda number: get(f"/{path}?q={words(number, count, letters)}")


def measure(server: Server, case: Case) -> Measured:
    """The best of several tries; no more of them than needed to keep the rule."""
    numbers = iter(range(10, 10**6))
    wrong: list[Answer] = []
    loop = livez = float("inf")
    # the first one pays for what is made once: a thread, an encoder, what the cache holds
    answer = ask(server, case.request(next(numbers)))
    before = server.resident()
    for _ in range(TRIES):
        answer, spent = loop_time(server, case.request(next(numbers)))
        loop = min(loop, spent)
        if not case.right(answer):
            wrong.append(answer)
        if loop <= LOOP_MS:
            break
    for _ in range(TRIES):
        livez = min(livez, livez_beside(server, case.request(next(numbers))))
        if livez <= LIVEZ_MS:
            break
    after = server.resident()
    sent = next(numbers) - 10
    is_right = not wrong and loop <= LOOP_MS and livez <= LIVEZ_MS and (after - before) / 2**20 <= STAYS_MB * sent + 2
    result = f"{answer[0]}, {len(answer[2])} bytes"
    if wrong:
        result = f"{wrong[0][0]} {wrong[0][2][:60]!r}"
    return Measured(case.point, case.name, result, is_right, loop, livez, before, after)


# --- floods: many different requests, none of which may leave anything for good ---------------------------------------


def floods() -> Iterator[tuple[str, str, Callable[[int], bytes], int]]:
    accept = "Accept: application/json;a=%d" + ";b=c" * 7000
    yield "18", "30 kB of Accept, different each time", lambda n: get("/nutrients", accept % n), 400
    yield (
        "18",
        "8 kB of slugs, different each time",
        lambda n: get(f"/nutrients?slug={n}," + "a" * 79 + ",b" * 3900),
        400,
    )
    yield "18", "different words to search for", lambda n: get(f"/search?q={words(n, 25, 7)}"), 800
    yield "18", "long words to search for", lambda n: get(f"/search?q={words(n, 1, 200)}"), 800
    yield "18", "different paths", lambda n: get(f"/{n}{'a' * 8000}"), 400
    yield "18", "different pages", lambda n: get(f"/claims?limit=1&offset={n}"), 800
    yield "18", "different entity tags", lambda n: get("/nutrients", f'If-None-Match: "{n}{"a" * 30000}"'), 400
    yield "18", "clients by X-Forwarded-For", lambda n: get("/livez", f"X-Forwarded-For: 2001:db8:{n:x}::1"), 800


def flood(server: Server, point: str, name: str, request: Callable[[int], bytes], count: int) -> Measured:
    """Half of the requests fill what may be filled; the other half may add nothing."""
    client = Client(server)
    with closing(client.socket):
        memory = [server.resident()]
        statuses = set()
        for half in (0, 1):
            for number in range(half * count, (half + 1) * count):
                statuses.add(client.ask(request(number))[0])
            memory.append(server.resident())
    settled = (memory[2] - memory[1]) / 2**20
    is_right = settled <= SETTLED_MB and max(statuses) < 500
    result = f"{2 * count} requests, {settled:+.1f} MB by the second half"
    return Measured(point, name, result, is_right, None, None, memory[0], memory[2])


def push(server: Server, payload: bytes, connections: int, size: int) -> None:
    """Send without reading until nothing more is taken, at most so many bytes on each connection."""
    with ExitStack() as stack:
        for _ in range(connections):
            connection = stack.enter_context(closing(server.connect()))
            connection.setblocking(False)
            sent, refused = 0, 0
            while sent < size and refused < 20:
                try:
                    sent += connection.send(payload)
                except BlockingIOError:
                    refused += 1
                    time.sleep(0.02)
                except ConnectionError:
                    break


def pushing(server: Server, point: str, name: str, payload: bytes, connections: int = 1) -> Measured:
    before = server.resident()
    push(server, payload, connections, 10_000_000)
    after = server.resident()
    live = ask(server, get("/livez"))[0]
    return Measured(
        point, name, f"/livez {live}", live == 200 and after - before < 40 * 2**20, None, None, before, after
    )


# --- several clients, files and commands ------------------------------------------------------------------------------


def ranges_for_others(server: Server) -> str:
    """One client asks for a part, another at the same moment for the whole, of what no cache holds yet."""
    for path in ("/favicon.ico", "/docs", "/openapi.json"):
        for special in ("Range: bytes=0-9", "If-Modified-Since: Fri, 06 Nov 2099 08:49:37 GMT", "If-None-Match: *"):
            first, second = Client(server), Client(server)
            with closing(first.socket), closing(second.socket):
                first.send(get(path, special))
                second.send(get(path))
                while not second.receive():
                    pass
                status, _, body = second.answer
                if status != 200 or len(body) < 100:
                    return f"{path}: {status}, {len(body)} bytes"
    return ""


def headers_at_random(server: Server) -> str:
    source = random.Random(1)
    parts = [
        *"""0123456789,;="/*- :""",
        "bytes=",
        "q=",
        "W/",
        "GMT",
        "gzip",
        "br",
        "identity",
        "for=",
        "[::1]",
        "Fri, 06 Nov",
    ]
    names = ["If-Modified-Since", "If-Unmodified-Since", "If-Match", "If-None-Match", "If-Range", "Range", "Accept"]
    names += [
        "Accept-Encoding",
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Prefix",
        "X-Request-ID",
    ]
    for _ in range(500):
        name = source.choice(names)
        value = "".join(source.choices(parts, k=source.randrange(40)))
        if ask(server, get("/nutrients", f"{name}: {value}"))[0] not in (200, 206, 304, 406, 412, 416):
            return f"{name}: {value}"
    return ""


def vanishing(server: Server) -> str:
    """Pipelined requests of a client that resets its connection, and of one that closes its half of it."""
    for path in ("/nutrients", "/claims.csv", "/search?q=iron"):
        with closing(server.connect()) as connection:
            connection.sendall(get(path) * 500)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with closing(server.connect()) as connection:
        connection.sendall(get("/livez") * 3)
        connection.shutdown(socket.SHUT_WR)
        answered = b"".join(iter(lambda: connection.recv(65536), b"")).count(b"HTTP/1.1 200")
    return "" if answered == 3 else f"{answered} of 3 answered after a half-close"


CHECK_ALL = """
import sys
from seed.__main__ import main
for folder in sys.argv[1:]:
    print(main(["check", "--content", folder]))
"""


def hostile_files(folder: Path) -> Iterator[Measured]:
    """`seed check` says in a line what is wrong, in bounded time; one process checks all to save its start."""
    wrong = {name: HOSTILE_FILES[name] for name in HOSTILE_FILES} | {name: MISTAKES[name] for name in MISTAKEN}
    folders = [Path(copytree(TINY, folder / f"content-{number}")) for number in range(len(wrong))]
    for (make, _, _), content in zip(wrong.values(), folders, strict=True):
        make(content)
    command = [sys.executable, "-c", CHECK_ALL, *map(str, folders)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    statuses = done.stdout.split()
    for number, (name, (_, _, message)) in enumerate(wrong.items()):
        lines = [line for line in done.stderr.splitlines() if line.startswith(f"{folders[number]}/")]
        is_right = statuses[number : number + 1] == ["1"] and any(message in line for line in lines)
        point = "25" if name in HOSTILE_FILES else "20, 30"
        result = f"{len(lines)} line{'s' * (len(lines) > 1)}" if lines else done.stderr[-40:]
        yield Measured(point, name, result, is_right and "calcium" not in "".join(lines))


MISTAKEN = ("long version", "language with a line end", "language in other letters", "NUL in a text", "long text")


def row(point: str, name: str, wrong: str) -> Measured:
    return Measured(point, name, wrong or "right", not wrong)


def measurements(folder: Path) -> Iterator[Measured]:
    path = folder / "a#b.db"
    with serving(make_database(f"sqlite:///{path}", REAL)) as server:
        wait_for(lambda: server.get("/search?q=iron").status_code == 200)
        start = server.resident()
        yield row("1", "Range and conditions of one client, for another", ranges_for_others(server))
        yield row("2", "500 headers made at random", headers_at_random(server))
        for each in chain(wrong_answers(), http_details(server), costs(server), costs_of_queries(server)):
            yield measure(server, each)
        yield row("22", "clients that vanish, and that close one half", vanishing(server))
        for point, name, request, count in floods():
            yield flood(server, point, name, request, count)
        yield pushing(server, "17", "10 MB of requests on one connection", get("/livez") * 2000)
        yield pushing(server, "17", "10 MB each on 20 connections", get("/livez") * 2000, 20)
        body = b"POST /nutrients HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"
        yield pushing(server, "17", "10 MB of a body", body + b"x" * 10**6)
        yield pushing(server, "17", "10 MB without an end of line", b"GET / HTTP/1.1\r\nX: " + b"x" * 10**6)
        end, log = server.resident(), server.log.read_text()
        grown = (end - start) / 2**20
        yield Measured("17", "all of this", f"{grown:+.1f} MB", grown <= GROWTH_MB, None, None, start, end)
        yield row("12, 22", "the log has no warning and no traceback", "".join(log.splitlines()[1:2]))
    names = sorted(each.name for each in folder.iterdir())
    yield row("29", 'a path with "#" opens that file and no other', "" if names == [path.name] else str(names))
    long = folder / "long.db"
    with serving(with_long_list(make_database(f"sqlite:///{long}", TINY))) as server:
        wait_for(lambda: server.get("/search?q=iron").status_code == 200)
        known = [f"s{number}" for number in range(10_000)]
        yield measure(server, Case("16", "100 near misses among 10,000", slug_list("sources", known), problem(422)))
    yield from hostile_files(folder)
    done = run("seed", "check", "--content", str(TINY), DATABASE_URL="postgresql://u:s3cret@127.0.0.1:54x2/d")
    is_wrong = "s3cret" in done.stderr or "Traceback" in done.stderr or "port" not in done.stderr
    yield row("30", "a typo in the port of DATABASE_URL", done.stderr if is_wrong else "")


def main() -> int:
    started, failed = time.monotonic(), 0
    print(f"{'point':7}{'case':58}{'result':48}{'loop ms':>8}{'/livez':>8}{'MB':>8}{'then':>8}")
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        for measured in measurements(Path(folder)):
            failed += not measured.is_right
            times = "".join(f"{each:8.1f}" if each is not None else " " * 8 for each in (measured.loop, measured.livez))
            sizes = "".join(f"{each / 2**20:8.1f}" if each else "" for each in (measured.before, measured.after))
            mark = "" if measured.is_right else "  FAILED"
            print(f"{measured.point:7}{measured.name:58}{measured.result:48}{times}{sizes}{mark}", flush=True)
    print(f"{failed} failed, in {time.monotonic() - started:.0f} s")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
