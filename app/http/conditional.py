"""Conditional requests (RFC 9110 §13): does the client hold the current representation already?"""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

_ENTITY_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def not_modified(etag: str, last_modified: str, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """True where the answer is 304.

    `If-None-Match` is compared weakly and, if present, decides alone (RFC 9110 §13.2.2). A date that is malformed
    is ignored (§13.1.3). `etag` is ours with its quotes; both dates are HTTP dates.
    """
    if if_none_match is not None:
        if if_none_match.strip() == "*":
            return True
        return etag.strip('"') in _ENTITY_TAG.findall(if_none_match)
    if if_modified_since is None or not last_modified:
        return False
    since, modified = _http_date(if_modified_since), _http_date(last_modified)
    return since is not None and modified is not None and modified <= since


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    # a date without a zone cannot be compared
    return parsed if parsed.tzinfo else None
