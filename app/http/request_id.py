"""Request ids: random for each process, numbered within, so that no two requests share one."""

from itertools import count
from os import urandom

_prefix = urandom(6).hex()
_numbers = count()


def new_request_id() -> str:
    """An id that no other request has."""
    return f"{_prefix}{next(_numbers):08x}"
