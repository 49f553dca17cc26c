"""Runnable comparisons: each module here is a benchmark, `innkeeper bench NAME` runs it.

`measure` takes and writes down the figures; `peers` are programs that are measured as processes of
their own.
"""
