"""The error tree, and the one table that maps codes to HTTP statuses, MCP errors and exit codes.

A class says who must act; the code says what happened::

    HostError
    ├── RequestRefused        the caller: the request itself is wrong, or came at the wrong time
    ├── PermissionRefused     the operator: not allowed, or not yet
    ├── ManifestError         the plugin's author: its description is wrong
    ├── ContractError         the plugin's author: the component does not fit this host
    ├── LimitExceeded         the operator: too slow, too big, too many
    ├── PluginFault           the plugin's author: it trapped
    ├── ToolFailed            the caller: the tool answered with its own error
    └── HostFailure           the operator: the host itself cannot do it now

Faces render a :class:`HostError` by its :class:`Code` alone; no other module knows a status.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Code(msgspec.Struct, frozen=True):
    """One row of the table: what a code means to each face.

    `http` is a status of RFC 9110 (499 is the customary "client closed request"), `mcp` a JSON-RPC
    error code or None where the tool result carries `isError`, `exit` a process exit code.
    """

    code: str
    who: str
    http: int
    mcp: int | None
    exit: int
    retryable: bool


INVALID_PARAMS: Final = -32602
METHOD_NOT_FOUND: Final = -32601
INTERNAL_ERROR: Final = -32603

# Exit codes: 64.. follow sysexits.h where it has a fitting one (usage 64, data 65, unavailable 69,
# internal 70, temporary 75, permission 77); 1 is a tool's own error, 124 a timeout as in
# timeout(1), 130 an interrupt, 134 a trap.
_ROWS = (
    Code("validation_failed", "caller", 400, None, 64, False),
    Code("not_found", "caller", 404, INVALID_PARAMS, 66, False),
    Code("method_not_allowed", "caller", 405, METHOD_NOT_FOUND, 64, False),
    Code("conflict", "caller", 409, None, 73, False),
    Code("idempotency_mismatch", "caller", 409, None, 73, False),
    Code("payload_too_large", "caller", 413, None, 65, False),
    Code("rate_limited", "operator", 429, None, 75, True),
    Code("cancelled", "caller", 499, None, 130, True),
    Code("internal_error", "operator", 500, INTERNAL_ERROR, 70, False),
    Code("unavailable", "operator", 503, None, 69, True),
    Code("timeout", "operator", 504, None, 124, True),
    Code("unauthenticated", "caller", 401, None, 77, False),
    Code("policy_denied", "operator", 403, None, 77, False),
    Code("not_granted", "operator", 403, None, 77, False),
    Code("grant_expired", "operator", 403, None, 77, False),
    Code("grant_exhausted", "operator", 403, None, 77, False),
    Code("grant_revoked", "operator", 403, None, 77, False),
    Code("approval_required", "operator", 403, None, 77, True),
    Code("output_withheld", "operator", 403, None, 77, False),
    Code("component_invalid", "author", 422, None, 65, False),
    Code("component_unsupported", "author", 422, None, 65, False),
    Code("import_unsatisfied", "author", 422, None, 65, False),
    Code("manifest_invalid", "author", 422, None, 65, False),
    Code("digest_mismatch", "author", 422, None, 65, False),
    Code("signature_invalid", "author", 422, None, 65, False),
    Code("unsigned", "author", 422, None, 65, False),
    Code("version_conflict", "caller", 409, None, 73, False),
    Code("tool_error", "caller", 422, None, 1, False),
    Code("trap", "author", 502, None, 134, False),
    Code("deadline_exceeded", "operator", 504, None, 124, False),
    Code("memory_limit", "operator", 507, None, 71, False),
    Code("fuel_exhausted", "operator", 507, None, 71, False),
    Code("output_too_large", "operator", 507, None, 71, False),
    Code("host_calls_exceeded", "operator", 429, None, 71, False),
)

CODES: Final[dict[str, Code]] = {row.code: row for row in _ROWS}


class HostError(Exception):
    """Something that a caller, an operator or an author can act on; `code` says what."""

    default_code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: object = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        assert self.code in CODES, self.code
        self.details = details
        self.retry_after_s = retry_after_s

    @property
    def row(self) -> Code:
        """This error's row of the table."""
        return CODES[self.code]


class RequestRefused(HostError):
    """The caller must change the request."""

    default_code = "validation_failed"


class PermissionRefused(HostError):
    """The operator has not allowed it."""

    default_code = "not_granted"


class ManifestError(HostError):
    """The plugin's author must correct its manifest."""

    default_code = "manifest_invalid"


class ContractError(HostError):
    """The component does not fit this host."""

    default_code = "component_invalid"


class LimitExceeded(HostError):
    """Too slow, too big, too many: the operator sets the limits."""

    default_code = "deadline_exceeded"


class PluginFault(HostError):
    """The guest trapped; `kind` names the trap, the backtrace is in `details`."""

    default_code = "trap"

    def __init__(self, message: str, *, kind: str, details: object = None) -> None:
        super().__init__(message, details=details)
        self.kind = kind


class ToolFailed(HostError):
    """The tool ran and answered with its own error: `details` is that value, as JSON."""

    default_code = "tool_error"


class HostFailure(HostError):
    """The host cannot do it: its own fault, or something it depends on is away."""

    default_code = "internal_error"
