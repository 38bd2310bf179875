"""Exit with 0 if the API on this machine is ready: the container's health check."""

import os
import sys
from urllib.error import URLError
from urllib.request import urlopen


def main() -> int:
    """Ask /readyz; returns the exit status."""
    try:
        with urlopen(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/readyz", timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except (URLError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
