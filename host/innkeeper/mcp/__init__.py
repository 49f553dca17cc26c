"""The MCP face: a server core that knows no transport (`server`, `session`), and stdio (`stdio`).

Spoken are the revisions 2025-06-18, 2025-11-25 and 2026-07-28. Imported is only what is needed to
answer: a client waits for the first result of a process that has just been started.
"""
