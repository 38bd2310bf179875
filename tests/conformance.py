"""Requests at the edge of HTTP/1.1 and beyond it, and what RFC 9110 and 9112 let a server answer.

`REFUSED`: one answer of 400 or above, or none, and nothing behind it is taken for a second request.
`ANSWERED`: a final answer whose status is one of those given.
"""

from collections.abc import Iterator, Mapping

GET = b"GET /livez HTTP/1.1\r\nHost: a\r\n"
END = b"Connection: close\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
"""What stands where a body should: an answer to it (404) shows that the body was taken for a request."""


def _posted(*fields: bytes, body: bytes = b"") -> bytes:
    lines = b"".join(b"%s\r\n" % field for field in fields)
    return b"POST /nutrients HTTP/1.1\r\nHost: a\r\n%s\r\n%s" % (lines, body)


def _chunked(body: bytes) -> bytes:
    return _posted(b"Transfer-Encoding: chunked", body=body + SMUGGLED)


REFUSED: Mapping[str, bytes] = {
    # the request line
    "a space in the target": b"GET /li vez HTTP/1.1\r\nHost: a\r\n" + END,
    "no target": b"GET HTTP/1.1\r\nHost: a\r\n" + END,
    "a fragment": b"GET /livez#top HTTP/1.1\r\nHost: a\r\n" + END,
    "no version": b"GET /livez\r\n\r\n",
    "an unknown major version": b"GET /livez HTTP/9.9\r\nHost: a\r\n" + END,
    "HTTP in lower case": b"GET /livez http/1.1\r\nHost: a\r\n" + END,
    "a version with zeros": b"GET /livez HTTP/01.01\r\nHost: a\r\n" + END,
    "a version without a dot": b"GET /livez HTTP/11\r\nHost: a\r\n" + END,
    "a NUL in the target": b"GET /li\x00vez HTTP/1.1\r\nHost: a\r\n" + END,
    "a control character in the target": b"GET /li\x01vez HTTP/1.1\r\nHost: a\r\n" + END,
    "lines that end in CR": b"GET /livez HTTP/1.1\rHost: a\r\r",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an asterisk with GET": b"GET * HTTP/1.1\r\nHost: a\r\n" + END,
    "no slash": b"GET livez HTTP/1.1\r\nHost: a\r\n" + END,
    "CONNECT": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" + END,
    # Host
    "no Host": b"GET /livez HTTP/1.1\r\n" + END,
    "two Hosts": b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + END,
    "the same Host twice": b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: a\r\n" + END,
    "a Host with a space": b"GET /livez HTTP/1.1\r\nHost: a b\r\n" + END,
    "a Host with a path": b"GET /livez HTTP/1.1\r\nHost: a/b\r\n" + END,
    "a Host with a user": b"GET /livez HTTP/1.1\r\nHost: u@a\r\n" + END,
    "two Hosts in one": b"GET /livez HTTP/1.1\r\nHost: a, b\r\n" + END,
    # fields
    "a space before the colon": GET + b"X-A : b\r\n" + END,
    "a folded line": GET + b"X-A: b\r\n c\r\n" + END,
    "a first line that is folded": b"GET /livez HTTP/1.1\r\n Host: a\r\n" + END,
    "no colon": GET + b"X-A\r\n" + END,
    "an empty name": GET + b": b\r\n" + END,
    "a name with a slash": GET + b"X/A: b\r\n" + END,
    "a name with a bracket": GET + b"X[A]: b\r\n" + END,
    "a name with a byte above ASCII": GET + b"X-\xe9: b\r\n" + END,
    "a NUL in a value": GET + b"X-A: b\x00c\r\n" + END,
    "a control character in a value": GET + b"X-A: b\x01c\r\n" + END,
    "a bare CR in a value": GET + b"X-A: b\rc\r\n" + END,
    # Content-Length
    "a length that is no number": _posted(b"Content-Length: ten", body=SMUGGLED),
    "a length with a plus sign": _posted(b"Content-Length: +5", body=b"abcde" + SMUGGLED),
    "a negative length": _posted(b"Content-Length: -1", body=SMUGGLED),
    "a hexadecimal length": _posted(b"Content-Length: 0x5", body=b"abcde" + SMUGGLED),
    "a length with a fraction": _posted(b"Content-Length: 5.0", body=b"abcde" + SMUGGLED),
    "a length with an underscore": _posted(b"Content-Length: 1_0", body=SMUGGLED),
    "a length with a space inside": _posted(b"Content-Length: 1 0", body=SMUGGLED),
    "a length beyond 64 bits": _posted(b"Content-Length: 99999999999999999999999", body=SMUGGLED),
    "two lengths that differ": _posted(b"Content-Length: 5", b"Content-Length: 0", body=b"abcde" + SMUGGLED),
    "two lengths in one that differ": _posted(b"Content-Length: 5, 0", body=b"abcde" + SMUGGLED),
    "an empty length": _posted(b"Content-Length:", body=SMUGGLED),
    # Transfer-Encoding
    "chunks and a length": _posted(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n" + SMUGGLED),
    "a length and chunks": _posted(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "an unknown coding": _posted(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + SMUGGLED),
    "chunked is not the last coding": _posted(b"Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n" + SMUGGLED),
    "identity": _posted(b"Transfer-Encoding: identity", body=b"0\r\n\r\n" + SMUGGLED),
    "a coding in quotes": _posted(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n" + SMUGGLED),
    "a vertical tab before chunked": _posted(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n" + SMUGGLED),
    "a space before the colon of chunks": _posted(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n" + SMUGGLED),
    # chunks
    "a size that is no number": _chunked(b"g\r\n"),
    "a size with a sign": _chunked(b"+5\r\nabcde\r\n0\r\n\r\n"),
    "a size with 0x": _chunked(b"0x5\r\nabcde\r\n0\r\n\r\n"),
    "a size with an underscore": _chunked(b"1_0\r\nabcde\r\n0\r\n\r\n"),
    "a size beyond 64 bits": _chunked(b"fffffffffffffffff\r\nabc"),
    "an empty size": _chunked(b"\r\nabcde\r\n0\r\n\r\n"),
    "a chunk that is longer than it says": _chunked(b"3\r\nabcde\r\n0\r\n\r\n"),
    "no end of line after a chunk": _chunked(b"5\r\nabcde0\r\n\r\n"),
    "a bare LF after a size": _chunked(b"5\nabcde\r\n0\r\n\r\n"),
    "a bare LF after a chunk": _chunked(b"5\r\nabcde\n0\r\n\r\n"),
    "a bare CR after a size": _chunked(b"5\rabcde\r\n0\r\n\r\n"),
    "a bare LF in an extension": _chunked(b"5;a\nabcde\r\n0\r\n\r\n"),
}

ANSWERED: Mapping[str, tuple[bytes, frozenset[int]]] = {
    name: (request, frozenset(statuses))
    for name, request, statuses in (
        ("a plain request", GET + END, {200}),
        # RFC 9112, section 3, lets a server take several spaces for one
        ("two spaces before the target", b"GET  /livez HTTP/1.1\r\nHost: a\r\n" + END, {200, 400}),
        ("a field without a value", GET + b"X-A:\r\n" + END, {200}),
        ("spaces around a value", GET + b"X-A: \t b \t\r\n" + END, {200}),
        ("no space after the colon", GET + b"X-A:b\r\n" + END, {200}),
        ("names in capitals", b"GET /livez HTTP/1.1\r\nHOST: a\r\nCONNECTION: close\r\n\r\n", {200}),
        ("a byte above ASCII in a value", GET + b"X-A: \xe9\r\n" + END, {200}),
        ("an empty Host", b"GET /livez HTTP/1.1\r\nHost:\r\n" + END, {200, 400}),
        ("a Host with a port", b"GET /livez HTTP/1.1\r\nHost: a:80\r\n" + END, {200}),
        ("a Host that is an IPv6 address", b"GET /livez HTTP/1.1\r\nHost: [::1]:80\r\n" + END, {200}),
        ("an empty line before a request", b"\r\n" + GET + END, {200}),
        ("HTTP/1.0 without Host", b"GET /livez HTTP/1.0\r\n\r\n", {200}),
        ("HTTP/1.2", b"GET /livez HTTP/1.2\r\nHost: a\r\n" + END, {200, 400, 505}),
        ("an absolute target", b"GET http://a/livez HTTP/1.1\r\nHost: a\r\n" + END, {200}),
        ("OPTIONS for the server", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n" + END, {200, 204, 400, 404, 405}),
        ("HEAD", b"HEAD /livez HTTP/1.1\r\nHost: a\r\n" + END, {200}),
        ("TRACE", b"TRACE /livez HTTP/1.1\r\nHost: a\r\n" + END, {400, 405, 501}),
        ("an unknown method", b"BREW /livez HTTP/1.1\r\nHost: a\r\n" + END, {400, 405, 501}),
        ("a method in lower case", b"get /livez HTTP/1.1\r\nHost: a\r\n" + END, {400, 405, 501}),
        ("a body with GET", GET + b"Content-Length: 5\r\n" + END + b"abcde", {200, 400}),
        ("a body that ends at once", GET + b"Content-Length: 0\r\n" + END, {200}),
        ("a body in chunks", _chunked(b"5\r\nabcde\r\n0\r\n\r\n"), {405}),
        ("a chunk with an extension", _chunked(b"5;a=b\r\nabcde\r\n0\r\n\r\n"), {405, 400}),
        ("chunks with a trailer", _chunked(b"5\r\nabcde\r\n0\r\nX-A: b\r\n\r\n"), {405, 400}),
        ("sizes with capitals and zeros", _chunked(b"00A\r\nabcdefghij\r\n0\r\n\r\n"), {405, 400}),
        ("an upgrade", GET + b"Connection: upgrade, close\r\nUpgrade: h2c\r\n\r\n", {200}),
        ("an expectation", GET + b"Expect: 100-continue\r\nContent-Length: 0\r\n" + END, {200, 417}),
        ("an unknown expectation", GET + b"Expect: 200-ok\r\n" + END, {200, 417}),
        ("a path that climbs", b"GET /../livez HTTP/1.1\r\nHost: a\r\n" + END, {200, 400, 404}),
        ("an encoded NUL", b"GET /nutrients/%00 HTTP/1.1\r\nHost: a\r\n" + END, {400, 404}),
        ("encoded ends of lines", b"GET /nutrients/%0d%0aX:%20y HTTP/1.1\r\nHost: a\r\n" + END, {400, 404}),
        ("an overlong encoding of a slash", b"GET /nutrients/%c0%af HTTP/1.1\r\nHost: a\r\n" + END, {400, 404}),
        ("an encoding that is broken", b"GET /nutrients/%zz HTTP/1.1\r\nHost: a\r\n" + END, {400, 404}),
        ("a long target", b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: a\r\n" + END, {414, 431, 400}),
        ("a long field", GET + b"X-A: " + b"a" * 70000 + b"\r\n" + END, {431, 400}),
        ("many fields", GET + b"".join(b"X-%d: a\r\n" % n for n in range(5000)) + END, {431, 400}),
        ("a long method", b"A" * 9000 + b" /livez HTTP/1.1\r\nHost: a\r\n" + END, {400, 405, 414, 431, 501}),
        ("a cookie that is broken", GET + b"Cookie: ;;=;\x80=\r\n" + END, {200}),
        ("two cookies", GET + b"Cookie: a=b\r\nCookie: c=d\r\n" + END, {200}),
    )
}


def statuses_of(received: bytes) -> list[int]:
    """The final statuses in what a server sent: more than one where a body was taken for a request."""

    def found() -> Iterator[int]:
        for piece in received.split(b"HTTP/1.1 ")[1:]:
            if piece[:3].isdigit():
                yield int(piece[:3])

    return [status for status in found() if status >= 200]
