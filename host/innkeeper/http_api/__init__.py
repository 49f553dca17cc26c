"""The HTTP face: `GET /healthz`, `GET /tools`, `GET /tools/{id}`, `POST /tools/{id}:invoke`.

`server.serve` runs it; `app.HttpApi` is the ASGI application alone. Nothing is imported here, so
that a command that serves no HTTP does not pay for hypercorn.
"""
