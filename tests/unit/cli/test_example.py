"""The example call that is shown fits the tool that it is for."""

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.contracts.wit_strategies import TYPES

from innkeeper.cli.example import example_arguments, example_tool
from innkeeper.contracts.schema import arguments_schema
from innkeeper.plugins.registry import Tool
from innkeeper_core.values import FunctionType, Type


def tool_of(*parameters: Type, tool_id: str = "t.f", side_effects: str = "none") -> Tool:
    """A tool that takes parameters of these types."""
    named = [(f"p{index}", type_) for index, type_ in enumerate(parameters)]
    return Tool(
        id=tool_id,
        name=tool_id,
        plugin="t",
        version="1.0.0",
        function="f",
        title="",
        description="",
        input_schema=arguments_schema(FunctionType(named)),
        output_schema={},
        structured_schema={},
        wraps_result=True,
        side_effects=side_effects,
        deterministic=False,
        stability="stable",
        error_schema=None,
    )


@given(st.lists(TYPES, max_size=4))
def test_the_arguments_fit_the_schema(parameters: list[Type]) -> None:
    tool = tool_of(*parameters)
    jsonschema_rs.validate(tool.input_schema, example_arguments(tool))


def test_without_tools_there_is_no_example() -> None:
    assert example_tool([]) is None


@pytest.mark.parametrize("side_effects", ["read", "write", "external"])
def test_a_tool_without_side_effects_is_shown_before_others(side_effects: str) -> None:
    plain = tool_of(Type("u8"), Type("u8"), Type("u8"), tool_id="z.plain")
    effective = tool_of(Type("string"), tool_id="a.effective", side_effects=side_effects)
    assert example_tool([effective, plain]) is plain


def test_a_tool_that_wants_one_text_is_shown_first() -> None:
    text = tool_of(Type("string"), tool_id="z.text")
    others = [tool_of(tool_id="a.nothing"), tool_of(Type("u8"), tool_id="b.number")]
    assert example_tool([*others, text]) is text
