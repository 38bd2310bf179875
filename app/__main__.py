"""python -m app migrate | grant | serve | mcp: see `app.commands`."""

import gc
import sys

# to look for garbage among modules that are being loaded takes a seventh of the start, and finds next to none
gc.disable()
from app.commands import main  # noqa: E402

# what is loaded stays: the first look would go through all of it
gc.freeze()
# whatever this module is called: a process that serves beside others loads it under another name
gc.enable()

if __name__ == "__main__":
    sys.exit(main())
