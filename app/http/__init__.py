"""HTTP around the routes: caching, conditional requests, compression, negotiation, CORS and security headers.

One pure-ASGI middleware (`representation.py`) that a request meets before FastAPI does; the modules next to it are its
parts, each a handful of functions without state, except for the cache and the slots of streams.
"""
