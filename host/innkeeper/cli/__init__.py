"""The command line: reads settings and arguments, opens a host, prints, and exits by the table.

Nothing is imported here: `innkeeper mcp serve` is started by clients that wait for it.
"""
