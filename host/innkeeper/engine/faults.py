"""What the core reports, as this host's errors: libwasmtime's texts become codes and kinds here."""

from __future__ import annotations

import re
from typing import Final

from innkeeper.engine.limits import Limits
from innkeeper.errors import ContractError, HostError, LimitExceeded, PluginFault, RequestRefused
from innkeeper_core.component import CannotInstantiate, InvalidComponent, LimitHit, Trap

TRACE_CHARACTERS_MAX = 4096

# Component traps carry no code in the C API: the kind is read off the text. First match wins.
_KINDS: Final = (
    ("unreachable` instruction", "unreachable"),
    ("call stack exhausted", "stack_overflow"),
    ("out of bounds memory access", "memory_out_of_bounds"),
    ("out of bounds table access", "table_out_of_bounds"),
    ("undefined element", "table_out_of_bounds"),
    ("uninitialized element", "null_reference"),
    ("null reference", "null_reference"),
    ("indirect call type mismatch", "bad_signature"),
    ("divide by zero", "integer_divide_by_zero"),
    ("integer overflow", "integer_overflow"),
    ("invalid conversion to integer", "bad_conversion"),
    ("realloc return", "bad_realloc"),
    ("utf-8", "invalid_utf8"),
    ("utf-16", "invalid_utf8"),
    ("not aligned", "misaligned_pointer"),
    ("pointer/length out of bounds", "pointer_out_of_bounds"),
    ("out of bounds of memory", "pointer_out_of_bounds"),
    ("beyond end of memory", "pointer_out_of_bounds"),
    ("char", "invalid_char"),
    ("discriminant", "invalid_discriminant"),
    ("handle", "bad_handle"),
    ("resource", "bad_handle"),
    ("deadlock", "deadlock"),
    ("cannot enter component instance", "reentrance"),
    ("cannot leave component instance", "reentrance"),
)


def cause_of(text: str) -> str:
    """The last cause in libwasmtime's text, without its backtrace."""
    causes = text.rpartition("Caused by:")[2].strip()
    lines = [line.strip() for line in causes.splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason given"
    return re.sub(r"^\d+: ", "", last).removeprefix("wasm trap: ")


def kind_of(cause: str) -> str:
    """The kind of trap that a cause describes, as a word; "other" where it is none we know."""
    lowered = cause.lower()
    return next((kind for text, kind in _KINDS if text in lowered), "other")


def translate(error: Exception, subject: str, limits: Limits) -> HostError:
    """This host's error for one of the core's. `subject` names the plugin or the tool."""
    if isinstance(error, Trap):
        return _from_trap(str(error), subject, limits)
    if isinstance(error, LimitHit):
        return _from_limit(error.limit, subject, limits)
    if isinstance(error, CannotInstantiate):
        return _from_instantiation(str(error), subject, limits)
    assert isinstance(error, InvalidComponent), error
    return invalid_component(str(error), subject)


def _from_trap(text: str, subject: str, limits: Limits) -> HostError:
    cause = cause_of(text)
    lowered = cause.lower()
    if "fuel allocated for hostcalls" in lowered:
        return _from_limit("output", subject, limits)
    if "all fuel consumed" in lowered:
        return LimitExceeded(
            f"{subject}: used up its fuel_max of {limits.fuel_max}", code="fuel_exhausted"
        )
    kind = kind_of(cause)
    return PluginFault(
        f"{subject}: trap: {cause} (its limits: memory_bytes_max {limits.memory_bytes_max}, "
        f"table_elements_max {limits.table_elements_max})",
        kind=kind,
        details={"kind": kind, "cause": cause, "trace": text[:TRACE_CHARACTERS_MAX]},
    )


def _from_limit(limit: str, subject: str, limits: Limits) -> HostError:
    if limit == "input":
        return RequestRefused(
            f"{subject}: the arguments are over its input_bytes_max of {limits.input_bytes_max}",
            code="payload_too_large",
        )
    if limit in ("output", "host_arguments"):
        return LimitExceeded(
            f"{subject}: a value it gave is over its output_bytes_max of {limits.output_bytes_max}",
            code="output_too_large",
        )
    value = limits.host_calls_max if limit == "host_calls" else limits.host_calls_per_s
    name = "host_calls_max" if limit == "host_calls" else "host_calls_per_s"
    return LimitExceeded(f"{subject}: over its {name} of {value:.12g}", code="host_calls_exceeded")


def _from_instantiation(text: str, subject: str, limits: Limits) -> HostError:
    cause = cause_of(text)
    if re.search(
        r"exceeds .*limit|limit exceeded|count too high|out of memory|allocate", cause, re.I
    ):
        return LimitExceeded(
            f"{subject}: an instance does not fit its limits (memory_bytes_max "
            f"{limits.memory_bytes_max}, table_elements_max {limits.table_elements_max}, "
            f"instances_max {limits.instances_max}): {cause}",
            code="memory_limit",
        )
    if "implementation" in cause or "nobody serves" in cause:
        return ContractError(f"{subject}: {cause}", code="import_unsatisfied")
    return ContractError(f"{subject}: cannot be instantiated: {cause}", code="component_invalid")


def invalid_component(text: str, subject: str) -> ContractError:
    """The error for bytes that libwasmtime refuses."""
    cause = " ".join(line.strip() for line in text.splitlines() if line.strip())[:600]
    unsupported = "feature" in cause and ("require" in cause or "enabled" in cause)
    return ContractError(
        f"{subject}: {cause}",
        code="component_unsupported" if unsupported else "component_invalid",
    )
