"""A call, from `invoke` to its result: what an instance does when it is driven as it should be."""

import pytest
from core.driving import (
    call,
    compiled,
    compiled_text,
    engine,
    finish,
    fresh,
    run,
    serving,
    started,
    wait_for_host,
)
from guests import guest

from innkeeper_core.component import (
    PENDING,
    Engine,
    Instance,
    InvalidComponent,
    Limits,
    Linker,
    Trap,
)
from innkeeper_core.values import FunctionType, Type, ValueMismatch

STRING = Type("string")


def test_a_function_answers() -> None:
    echo = compiled("echo")
    instance = started(echo)
    assert call(instance, echo, "echo", "hi") == "hi"
    assert call(instance, echo, "add", 2, 3) == 5
    assert call(instance, echo, "nothing") is None


def test_an_instance_answers_again_and_again() -> None:
    counter = compiled("counter")
    instance = started(counter)
    assert [call(instance, counter, "next") for _ in range(100)] == list(range(1, 101))


def test_two_instances_share_nothing() -> None:
    counter = compiled("counter")
    one, other = started(counter), started(counter)
    assert [call(one, counter, "next") for _ in range(3)] == [1, 2, 3]
    assert call(other, counter, "next") == 1


def test_a_function_in_an_interface_answers() -> None:
    tools = compiled("interface-tools")
    instance = started(tools)
    function = tools.function("test:tools/beta@1.2.3", "run")
    assert finish(instance, instance.invoke(function, [41])) == 42
    assert (function.interface, function.name) == ("test:tools/beta@1.2.3", "run")
    assert function.type == FunctionType([("n", Type("u32"))], Type("u32"))


@pytest.mark.parametrize(("interface", "name"), [(None, "other"), ("test:tools/gamma", "run")])
def test_a_function_that_is_not_exported_is_a_key_error(interface: str | None, name: str) -> None:
    with pytest.raises(KeyError):
        compiled("interface-tools").function(interface, name)


def test_the_type_of_a_function_is_not_a_function() -> None:
    of = compiled_text('(component (type $f (func (result u32))) (export "kind" (type $f)))')
    instance = started(of)
    with pytest.raises(InvalidComponent, match="kind is not a function"):
        instance.invoke(of.function(None, "kind"), [])
    assert instance.at_rest


@pytest.mark.parametrize("arguments", [["hi"], ("hi",)])
def test_arguments_come_in_any_sequence(arguments: list[str]) -> None:
    echo = compiled("echo")
    instance = started(echo)
    assert finish(instance, instance.invoke(echo.function(None, "echo"), arguments)) == "hi"


def test_more_arguments_than_fit_into_registers_arrive_in_order() -> None:
    parameters = compiled("parameters")
    texts = list("abcdefghi")
    assert call(started(parameters), parameters, "gather", *texts) == texts


def test_twenty_arguments_arrive_in_order() -> None:
    params = " ".join(f'(param "p{n}" u8)' for n in range(20))
    many = compiled_text(f"""(component
      (core module $m (memory (export "m") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
        (func (export "nth") (param $at i32) (result i32)
          (i32.load8_u offset=1 (i32.add (local.get $at) (i32.load8_u (local.get $at))))))
      (core instance $i (instantiate $m))
      (func (export "nth") {params} (result u8) (canon lift (core func $i "nth")
        (memory (core memory $i "m")) (realloc (core func $i "realloc")))))""")
    instance = started(many)
    for n in range(19):
        assert call(instance, many, "nth", n, *range(100, 119)) == 100 + n


def test_arguments_that_do_not_fit_leave_the_instance_at_rest() -> None:
    echo = compiled("echo")
    instance = started(echo)
    function = echo.function(None, "add")
    for arguments, path in ([1, "2"], ("b",)), ([-1, 2], ("a",)), ([1], ()), ([1, 2, 3], ()):
        with pytest.raises(ValueMismatch) as refused:
            instance.invoke(function, arguments)
        assert refused.value.path == path
    assert instance.at_rest
    assert finish(instance, instance.invoke(function, [1, 2])) == 3


def test_a_call_that_is_begun_runs_at_its_first_step() -> None:
    counter = compiled("counter")
    instance = started(counter)
    instance.begin(counter.function(None, "next"), [])
    assert instance.alive
    assert not instance.at_rest
    assert finish(instance, instance.step()) == 1
    assert instance.at_rest


def test_an_instantiation_that_is_begun_runs_at_its_first_step() -> None:
    echo = compiled("echo")
    instance = fresh(echo)
    instance.begin_instantiate()
    assert not instance.at_rest
    assert finish(instance, instance.step()) is None
    assert call(instance, echo, "echo", "hi") == "hi"


def test_a_guest_that_computes_comes_back_at_every_tick() -> None:
    loop = compiled("loop")
    instance = started(loop)
    outcome = instance.invoke(loop.function(None, "endless"), [])
    for _ in range(20):
        assert outcome is PENDING
        assert instance.awaitable is None
        outcome = instance.step()
    instance.close()


def test_a_guest_that_computes_for_several_slices_ends_with_its_answer() -> None:
    loop = compiled("loop")
    instance = started(loop)
    outcome = instance.invoke(loop.function(None, "spin"), [30_000_000])
    assert outcome is PENDING
    assert finish(instance, outcome) == 30_000_000


def test_an_instantiation_that_loops_comes_back_at_every_tick() -> None:
    instance = fresh(compiled("start-loop"))
    outcome = instance.instantiate()
    for _ in range(3):
        assert outcome is PENDING
        outcome = instance.step()
    instance.close()
    assert not instance.alive


def test_a_host_function_may_be_called_while_the_guest_is_instantiated() -> None:
    heard: list[int] = []

    def ping(_: object, number: int) -> int:
        heard.append(number)
        return 70

    start = compiled("start-ping")
    assert call(started(start, serving(ping=ping)), start, "told") == 70
    assert heard == [7]


def test_an_async_host_function_may_be_called_while_the_guest_is_instantiated() -> None:
    async def ping(_: object, number: int) -> int:
        return number * 3

    start = compiled("start-ping")
    instance = fresh(start, serving(ping=ping))
    wait_for_host(instance, instance.instantiate())
    assert finish(instance, instance.answer(run(instance.awaitable))) is None
    assert call(instance, start, "told") == 21


def test_a_trap_ends_the_instance_with_its_text() -> None:
    zero = compiled("div-zero")
    instance = started(zero)
    with pytest.raises(Trap, match="integer divide by zero"):
        call(instance, zero, "divide", 1, 0)
    assert not instance.alive
    with pytest.raises(RuntimeError):
        call(instance, zero, "divide", 1, 1)


def test_a_trap_while_instantiating_is_a_trap() -> None:
    with pytest.raises(Trap, match="unreachable"):
        started(compiled("start-trap"))


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("recursion", "dive"),
        ("unreachable", "fail"),
        ("realloc-trap", "echo"),
        ("realloc-lies", "outside"),
        ("invalid-utf8", "text"),
        ("invalid-utf8", "surrogate"),
        ("invalid-utf8", "scalar"),
        ("invalid-utf8", "color"),
        ("lying-length", "beyond"),
        ("lying-length", "wrapping"),
        ("lying-length", "misaligned"),
        ("post-return", "trap-after"),
        ("aliases", "many"),
    ],
)
def test_a_guest_that_misbehaves_traps(name: str, function: str) -> None:
    of = compiled(name)
    instance = started(of)
    arguments = ["x"] * len(of.function(None, function).type.params)
    with pytest.raises(Trap):
        call(instance, of, function, *arguments)
    assert not instance.alive


def test_a_trap_leaves_other_instances_alone() -> None:
    unreachable = compiled("unreachable")
    one, other = started(unreachable), started(unreachable)
    with pytest.raises(Trap):
        call(one, unreachable, "fail")
    assert call(other, unreachable, "nothing") is None


def test_only_components_compile() -> None:
    for binary in (b"", b"\0asm", guest("core-module"), guest("echo")[:-9], b"x" * 1_000):
        with pytest.raises(InvalidComponent):
            engine().compile(binary)


def test_a_component_outlives_what_it_was_made_of() -> None:
    text = bytearray(guest("echo"))
    component = Engine().compile(bytes(text))
    text[:] = bytes(len(text))
    function = component.function(None, "echo")
    instance = started(component)
    del component
    assert finish(instance, instance.invoke(function, ["hi"])) == "hi"


def test_one_linker_serves_many_instances() -> None:
    of = compiled("host-call")
    linker = Linker(of, serving(say=lambda context, text: f"{context} {text}"))
    instances = [Instance(linker, Limits(), name) for name in ("ann", "bob")]
    for instance in instances:
        finish(instance, instance.instantiate())
    assert [call(instance, of, "relay", "hi") for instance in instances] == ["ann hi", "bob hi"]
