"""Exit with 0 if the API on this machine is ready: the container's health check."""

import os
import socket
import sys
from http.client import HTTPConnection, HTTPException

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to ask where all addresses are served


def main() -> int:
    # not by `Settings`: this runs every few seconds, and importing those takes longer than asking
    host = _setting("HOST", "127.0.0.1")
    connection = HTTPConnection(EVERYWHERE.get(host, host), int(_setting("PORT", "8000")), timeout=4)
    try:
        if path := _setting("UDS", ""):
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(4)
            connection.sock.connect(path)
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        connection.close()
    return 0 if status == 200 else 1


def _setting(name: str, default: str) -> str:
    value = os.environ.get(name, default)
    return default if value.startswith(("tcp://", "udp://")) else value


if __name__ == "__main__":
    sys.exit(main())
