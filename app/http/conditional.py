"""Conditional requests (RFC 9110 §13) and ranges (§14): which part of a representation does the client need?"""

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)

_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
"""The form that is sent today, that of RFC 850, and that of C's `asctime` (RFC 9110 §5.6.7)."""


def status_for(headers: Mapping[bytes, str], etag: str, last_modified: str) -> int:
    """200, 304 or 412, by the request's preconditions in the order of RFC 9110 §13.2.2.

    `etag` is the representation's with its quotes, `last_modified` an HTTP date or empty.
    """
    if (if_match := headers.get(b"if-match")) is not None:
        # compared strongly: a weak tag never matches
        if if_match.strip() != "*" and ("", etag.strip('"')) not in _ENTITY_TAG.findall(if_match):
            return HTTPStatus.PRECONDITION_FAILED
    elif unmodified_since := parse_date(headers.get(b"if-unmodified-since", "")):
        modified = parse_date(last_modified)
        if modified and modified > unmodified_since:
            return HTTPStatus.PRECONDITION_FAILED
    if (if_none_match := headers.get(b"if-none-match")) is not None:
        tags = (tag for _, tag in _ENTITY_TAG.findall(if_none_match))
        return HTTPStatus.NOT_MODIFIED if if_none_match.strip() == "*" or etag.strip('"') in tags else HTTPStatus.OK
    modified_since = parse_date(headers.get(b"if-modified-since", ""))
    # equal, not earlier: where the clock went backwards, a newer release has the earlier date
    if modified_since and modified_since == parse_date(last_modified):
        return HTTPStatus.NOT_MODIFIED
    return HTTPStatus.OK


def range_for(headers: Mapping[bytes, str], etag: str, last_modified: str, size: int) -> range | None:
    """The bytes that a GET asks for: empty where there are none such, None for the whole.

    Several ranges, other units and what is malformed are ignored (RFC 9110 §14.2): the client gets the whole.
    """
    match = _RANGE.fullmatch(headers.get(b"range", "").strip())
    if not match or headers.get(b"if-range", etag).strip() not in (etag, last_modified):
        return None
    first, last = match.groups()
    if not first:
        return range(max(size - int(last), 0), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def parse_date(text: str) -> datetime | None:
    """An HTTP date in any of its three forms; None where it is malformed, which means to ignore it (§13.1.3)."""
    for form in _DATES if text else ():
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007 - all are UTC by definition
        except ValueError:
            continue
    return None
