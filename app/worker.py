"""The app in a process of the server, which ends when the process that started it has ended."""

import multiprocessing
import os
import signal
import threading

from fastapi import FastAPI

from app.main import create_app as create


def create_app() -> FastAPI:
    """The app; uvicorn calls this in each process that serves."""
    # sent when a terminal closes or by `systemctl reload`; the process that supervises others replaces them
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if parent := multiprocessing.parent_process():

        def stop_with_parent() -> None:
            parent.join()
            # it was killed: nobody would end, replace or count this process, which would hold the port for good
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=stop_with_parent, name="parent", daemon=True).start()
    return create()
