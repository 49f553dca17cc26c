"""What the core reports, as this host's errors: every hostile guest's end, by its code and kind."""

import pytest
from guests import component
from unit.engine.workshop import INTERFACE, engines, make_pool, root

from innkeeper.engine.engines import Variant
from innkeeper.engine.faults import cause_of, invalid_component, kind_of, translate
from innkeeper.engine.limits import Limits
from innkeeper.errors import ContractError, HostError, LimitExceeded, PluginFault, RequestRefused
from innkeeper_core.component import CannotInstantiate, InvalidComponent, LimitHit, Trap

LIMITS = Limits(memory_bytes_max=4 << 20, wall_s=5.0, host_calls_max=1000)

# By what the guest does, as it is told by libwasmtime itself.
KINDS: list[tuple[str, str, tuple[object, ...], str]] = [
    ("recursion", "dive", (), "stack_overflow"),
    ("memory-bomb", "hog", (), "unreachable"),
    ("table-bomb", "hog", (), "unreachable"),
    ("unreachable", "fail", (), "unreachable"),
    ("div-zero", "divide", (1, 0), "integer_divide_by_zero"),
    ("div-zero", "divide", (-(2**31), -1), "integer_overflow"),
    ("oob", "read", (65533,), "memory_out_of_bounds"),
    ("realloc-trap", "echo", ("x",), "unreachable"),
    ("realloc-lies", "outside", ("x" * 32,), "bad_realloc"),
    ("realloc-lies", "misaligned", ([1, 2],), "bad_realloc"),
    ("invalid-utf8", "text", (), "invalid_utf8"),
    ("invalid-utf8", "truncated", (), "invalid_utf8"),
    ("invalid-utf8", "overlong", (), "invalid_utf8"),
    ("invalid-utf8", "surrogate", (), "invalid_utf8"),
    ("invalid-utf8", "scalar", (), "invalid_char"),
    ("invalid-utf8", "color", (), "invalid_discriminant"),
    ("lying-length", "beyond", (), "pointer_out_of_bounds"),
    ("lying-length", "outside", (), "pointer_out_of_bounds"),
    ("lying-length", "wrapping", (), "pointer_out_of_bounds"),
    ("lying-length", "misaligned", (), "misaligned_pointer"),
    ("lying-length", "area", (), "pointer_out_of_bounds"),
    ("post-return", "trap-after", (), "unreachable"),
    ("resources", "use-after-drop", (), "bad_handle"),
    ("start-trap", "nothing", (), "unreachable"),
]

TEXTS = [
    ("wasm trap: out of bounds table access", "table_out_of_bounds"),
    ("wasm trap: undefined element: out of bounds table access", "table_out_of_bounds"),
    ("wasm trap: uninitialized element", "null_reference"),
    ("wasm trap: null reference", "null_reference"),
    ("wasm trap: indirect call type mismatch", "bad_signature"),
    ("wasm trap: invalid conversion to integer", "bad_conversion"),
    ("wasm trap: deadlock detected: event loop cannot make further progress", "deadlock"),
    ("wasm trap: cannot enter component instance", "reentrance"),
    ("wasm trap: cannot leave component instance", "reentrance"),
    ("something that nobody has seen yet", "other"),
    ("", "other"),
]


@pytest.mark.parametrize(("name", "function", "arguments", "kind"), KINDS)
async def test_a_trap_is_told_by_its_kind(
    name: str, function: str, arguments: tuple[object, ...], kind: str
) -> None:
    pool = await make_pool(name, LIMITS)
    with pytest.raises(PluginFault) as fault:
        await pool.call(root(function), arguments)
    assert (fault.value.code, fault.value.kind) == ("trap", kind)
    assert isinstance(fault.value.details, dict)
    assert fault.value.details["kind"] == kind


@pytest.mark.parametrize(("text", "kind"), TEXTS)
def test_a_text_is_read_as_its_kind(text: str, kind: str) -> None:
    assert kind_of(cause_of(text)) == kind


async def call_indirect(wat: str) -> HostError:
    pool = await make_pool(component(wat))
    with pytest.raises(HostError) as fault:
        await pool.call(root("f"), ())
    return fault.value


def module(code: str) -> str:
    return f"""(component
      (core module $m {code})
      (core instance $i (instantiate $m))
      (func (export "f") (canon lift (core func $i "f"))))"""


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (
            '(table 1 funcref) (func (export "f") (call_indirect (i32.const 5)))',
            "table_out_of_bounds",
        ),
        ('(table 1 funcref) (func (export "f") (call_indirect (i32.const 0)))', "null_reference"),
        (
            "(table funcref (elem $g)) (func $g (param i32))"
            ' (func (export "f") (call_indirect (i32.const 0)))',
            "bad_signature",
        ),
        (
            '(func (export "f") (drop (i32.trunc_f32_s (f32.const nan))))',
            "bad_conversion",
        ),
        (
            '(func (export "f") (drop (i32.trunc_f32_s (f32.const 1e30))))',
            "integer_overflow",
        ),
        (
            '(memory 1) (func (export "f")'
            " (memory.fill (i32.const 65536) (i32.const 0) (i32.const 1)))",
            "memory_out_of_bounds",
        ),
        (
            '(table 1 funcref) (func (export "f") (drop (table.get (i32.const 1))))',
            "table_out_of_bounds",
        ),
    ],
)
async def test_a_trap_of_core_wasm_is_told_by_its_kind(code: str, kind: str) -> None:
    fault = await call_indirect(module(code))
    assert isinstance(fault, PluginFault)
    assert fault.kind == kind


async def test_a_trap_names_the_tool_and_the_limits_of_its_plugin() -> None:
    pool = await make_pool("memory-bomb", LIMITS)
    with pytest.raises(PluginFault, match=r"^guest\.hog: trap: .*memory_bytes_max 4194304"):
        await pool.call(root("hog"), ())


async def test_the_trace_of_a_deep_recursion_is_cut() -> None:
    pool = await make_pool("recursion")
    with pytest.raises(PluginFault) as fault:
        await pool.call(root("dive"), ())
    assert isinstance(fault.value.details, dict)
    assert len(fault.value.details["trace"]) <= 4096
    assert len(str(fault.value)) < 400


async def test_a_function_name_cannot_make_up_the_cause_of_a_trap() -> None:
    name = "Caused by:\\0a    0: wasm trap: all fuel consumed by WebAssembly"
    fault = await call_indirect(module(f'(func $"{name}" (export "f") unreachable)'))
    assert fault.code == "trap"
    assert isinstance(fault, PluginFault)
    assert fault.kind == "unreachable"


async def test_the_message_of_a_trap_has_no_control_characters() -> None:
    wat = module('(func $id (export "f") unreachable)').replace("$id", '$"a\\1b[31m\\07\\0ab"')
    assert str(await call_indirect(wat)).isprintable()


# Limits of the bridge's own.

HITS = [
    ("input", RequestRefused, "payload_too_large", "input_bytes_max of 1048576"),
    ("output", LimitExceeded, "output_too_large", "output_bytes_max of 1048576"),
    ("host_arguments", LimitExceeded, "output_too_large", "a value it gave"),
    ("host_calls", LimitExceeded, "host_calls_exceeded", "host_calls_max of 1000"),
    ("host_calls_per_s", LimitExceeded, "host_calls_exceeded", "host_calls_per_s of 0"),
]


@pytest.mark.parametrize(("limit", "kind", "code", "text"), HITS)
def test_a_limit_hit_is_told_by_its_code(
    limit: str, kind: type[HostError], code: str, text: str
) -> None:
    error = translate(LimitHit(limit), "x.f", LIMITS)
    assert (type(error), error.code) == (kind, code)
    assert text in str(error)


async def test_an_argument_that_is_too_large_for_a_host_function_is_output_too_large() -> None:
    wat = f"""(component
      (import "{INTERFACE}" (instance $calls
        (export "say" (func (param "text" string) (result string)))))
      (core module $memory (memory (export "memory") 300)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
      (core instance $memory (instantiate $memory))
      (core func $say (canon lower (func $calls "say")
        (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
      (core module $m (import "h" "say" (func $say (param i32 i32 i32)))
        (func (export "f") (call $say (i32.const 0) (i32.const 18000000) (i32.const 16))))
      (core instance $i (instantiate $m (with "h" (instance (export "say" (func $say))))))
      (func (export "f") (canon lift (core func $i "f"))))"""
    assert (await call_indirect(wat)).code == "output_too_large"


async def test_aliases_beyond_what_libwasmtime_copies_are_output_too_large() -> None:
    pool = await make_pool("aliases")
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(root("many"), ())
    assert hit.value.code == "output_too_large"


async def test_fuel_that_is_used_up_is_told_by_its_code() -> None:
    pool = await make_pool("loop", Limits(fuel_max=1000))
    with pytest.raises(LimitExceeded, match="fuel_max of 1000") as hit:
        await pool.call(root("endless"), ())
    assert hit.value.code == "fuel_exhausted"


# What cannot be instantiated, and what is no component.

REFUSALS = [
    ("memory minimum size of 1025 pages exceeds memory limits", LimitExceeded, "memory_limit"),
    ("table minimum size of 9 elements exceeds table limits", LimitExceeded, "memory_limit"),
    ("resource limit exceeded: memory count too high at 3", LimitExceeded, "memory_limit"),
    ("resource limit exceeded: instance count too high at 65", LimitExceeded, "memory_limit"),
    ("mmap failed to allocate 0x1000 bytes: Cannot allocate memory", LimitExceeded, "memory_limit"),
    ("a matching implementation was not found in the linker", ContractError, "import_unsatisfied"),
    ("imports that nobody serves: a:b/c#d", ContractError, "import_unsatisfied"),
    ("something else", ContractError, "component_invalid"),
]


@pytest.mark.parametrize(("text", "kind", "code"), REFUSALS)
def test_a_refusal_to_instantiate_is_told_by_its_code(
    text: str, kind: type[HostError], code: str
) -> None:
    error = translate(CannotInstantiate(text), "x", LIMITS)
    assert (type(error), error.code) == (kind, code)
    assert text in str(error)


@pytest.mark.parametrize("guest", ["memory-static", "table-static"])
async def test_an_instance_that_begins_over_its_limits_is_a_memory_limit(guest: str) -> None:
    pool = await make_pool(guest)
    with pytest.raises(LimitExceeded) as hit:
        await pool.call(root("nothing"), ())
    assert hit.value.code == "memory_limit"


async def test_more_core_instances_than_the_limit_are_a_memory_limit() -> None:
    instances = "".join(f"(core instance $i{n} (instantiate $m))" for n in range(5))
    wat = f"""(component (core module $m (func (export "f"))) {instances}
      (func (export "f") (canon lift (core func $i0 "f"))))"""
    pool = await make_pool(component(wat), Limits(instances_max=4))
    with pytest.raises(LimitExceeded, match="instances_max 4") as hit:
        await pool.call(root("f"), ())
    assert hit.value.code == "memory_limit"


def test_bytes_that_use_a_feature_that_is_off_are_unsupported() -> None:
    error = translate(InvalidComponent("stack switching feature not enabled"), "x", LIMITS)
    assert error.code == "component_unsupported"


@pytest.mark.parametrize("length", [0, 100, 100_000])
def test_the_text_about_bytes_that_are_no_component_is_one_line_and_bounded(length: int) -> None:
    error = invalid_component("failed\n\n  to parse\n" + "x" * length, "plugin")
    assert error.code == "component_invalid"
    assert str(error).startswith("plugin: failed to parse")
    assert len(str(error)) <= 700
    assert "\n" not in str(error)


def test_what_libwasmtime_refuses_is_refused_in_its_words() -> None:
    broken = component("(component)") + b"\x63\x00"
    with pytest.raises(InvalidComponent) as refused:
        engines().on_demand(Variant()).compile(broken)
    assert invalid_component(str(refused.value), "x").code == "component_invalid"


async def test_the_type_of_a_function_exported_like_one_is_told_when_it_is_called() -> None:
    wat = """(component (type $t (func)) (export "f" (type $t)))"""
    error = await call_indirect(wat)
    assert error.code == "component_invalid"
    assert "not a function, but the type of one" in str(error)


def test_every_trap_keeps_its_first_reason_when_it_has_no_cause() -> None:
    fault = translate(Trap("a resource that is not the host's"), "x.f", LIMITS)
    assert isinstance(fault, PluginFault)
    assert fault.kind == "bad_handle"
