"""An example of a tool's arguments, made from its schema: to be copied and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from innkeeper.plugins.registry import Tool

_DEPTH_MAX: Final = 16
_TEXT: Final = "world"
_BASE64: Final = "aGVsbG8="


def example_tool(tools: Sequence[Tool]) -> Tool | None:
    """The tool to show: one that changes nothing and wants little; None where there is none."""
    return min(tools, key=_effort, default=None)


def example_arguments(tool: Tool) -> dict[str, object]:
    """Arguments that fit the tool's schema, the required ones alone."""
    found = _example(tool.input_schema, 0)
    assert isinstance(found, dict)
    return found


def _effort(tool: Tool) -> tuple[bool, int, int, str]:
    required = tool.input_schema.get("required", ())
    assert isinstance(required, list | tuple)
    texts = sum(_property(tool, name).get("type") == "string" for name in required)
    # one text is the friendliest; none at all shows less
    return tool.side_effects != "none", abs(len(required) - 1), -texts, tool.id


def _property(tool: Tool, name: str) -> Mapping[str, object]:
    properties = tool.input_schema["properties"]
    assert isinstance(properties, dict)
    found = properties[name]
    assert isinstance(found, dict)
    return found


def _example(schema: object, depth: int) -> object:
    if not isinstance(schema, dict) or depth > _DEPTH_MAX:
        return None
    for key in ("const", "enum", "anyOf", "oneOf"):
        if key in schema:
            return _chosen(key, schema[key], depth)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return _object(schema, depth)
    return _array(schema, depth) if kind == "array" else _scalar(kind, schema)


def _chosen(key: str, value: object, depth: int) -> object:
    if key == "const":
        return value
    assert isinstance(value, list)
    return value[0] if key == "enum" else _example(value[0], depth + 1)


def _object(schema: Mapping[str, object], depth: int) -> dict[str, object]:
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    assert isinstance(properties, dict) and isinstance(required, list | tuple)
    return {name: _example(properties[name], depth + 1) for name in required}


def _array(schema: Mapping[str, object], depth: int) -> list[object]:
    prefix = schema.get("prefixItems")
    if isinstance(prefix, list):
        return [_example(item, depth + 1) for item in prefix]
    count = schema.get("minItems", 0)
    assert isinstance(count, int)
    return [_example(schema.get("items"), depth + 1)] * min(count, _DEPTH_MAX)


def _scalar(kind: object, schema: Mapping[str, object]) -> object:
    if kind == "string":
        if "contentEncoding" in schema:
            return _BASE64
        return _TEXT[:1] if schema.get("maxLength") == 1 else _TEXT
    return {"integer": 1, "number": 1.5, "boolean": True}.get(str(kind))
