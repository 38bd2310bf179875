"""HTTP around the routes: caching, conditional requests, compression, negotiation, CORS and security headers.

One pure-ASGI layer (`layer.py`) that a request meets before FastAPI does; the other modules are its parts, each a
handful of functions without state, but for the cache.
"""
