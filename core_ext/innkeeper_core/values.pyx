"""WIT types, and the conversion of values between plain data and libwasmtime's form.

A `Type` is its own conversion plan: a tree of nodes with a small integer to switch on, the names as
bytes, the children as direct references. It is built once per function type; `lower` and `lift`
then walk plan and value together.

Rules of the library that shape this file: a slot is never left with an invalid kind, so every
vector is zeroed (kind 0 is bool) before it is filled, and a half-filled value can always be
deleted; invalid UTF-8 or a surrogate aborts the process, so both are refused here.

Lowering may run Python code (a subclass's method, another thread while a buffer is read), so what
is counted, and what is walked without bounds checks, is a snapshot that nobody else can change.
The depth of a type is bounded when it is made: recursion along it needs no check of its own.
"""

import reprlib

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Check, PyDict_GetItem
from cpython.long cimport PyLong_CheckExact, PyLong_AsLongLongAndOverflow
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.math cimport isinf
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from innkeeper_core.capi cimport *

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL
    unsigned long long PyLong_AsUnsignedLongLong(object) except? 18446744073709551615

DEPTH_MAX = 200  # of any Type: C recurses along it. Types of components are bounded more tightly

cdef enum:
    C_LIST_U8 = 100
    C_LIST_FIXED = 101
    C_OWN = 102
    C_BORROW = 103
    C_MAP_STRING = 104

cdef dict CODES = {
    "bool": VAL_BOOL, "s8": VAL_S8, "u8": VAL_U8, "s16": VAL_S16, "u16": VAL_U16, "s32": VAL_S32,
    "u32": VAL_U32, "s64": VAL_S64, "u64": VAL_U64, "f32": VAL_F32, "f64": VAL_F64,
    "char": VAL_CHAR, "string": VAL_STRING, "list": VAL_LIST, "record": VAL_RECORD,
    "tuple": VAL_TUPLE, "variant": VAL_VARIANT, "enum": VAL_ENUM, "option": VAL_OPTION,
    "result": VAL_RESULT, "flags": VAL_FLAGS, "map": VAL_MAP, "own": C_OWN, "borrow": C_BORROW,
}
cdef dict ARITY = {"list": 1, "option": 1, "result": 2, "map": 2}
cdef set NAMED = {"record", "variant", "enum", "flags"}
cdef set WITH_TYPES = {"list", "option", "result", "map", "record", "tuple", "variant"}


class _TooLarge(Exception):
    """A value counts for more bytes than there is room for."""


class ValueMismatch(ValueError):
    """A value does not fit its type; `path` leads to it from the root, outermost first."""

    def __init__(self, reason, path=()):
        super().__init__(reason)
        self.reason = reason
        self.path = path

    def __str__(self):
        where = ".".join(str(step) for step in self.path)
        return f"{where}: {self.reason}" if where else self.reason


cdef class Type:
    """A WIT type as a tree: `kind`, the `names` of fields, cases or flags, the `types` below it."""

    def __init__(self, str kind, types=(), names=(), *, resource=0, length=None):
        if kind not in CODES:
            raise ValueError(f"{kind!r} is not a kind of WIT type")
        if self.kind is not None:
            raise TypeError("a Type never changes")
        self.types = tuple(types)
        self.names = tuple(names)
        self.resource = resource
        self.length = length
        self._check(kind)
        self.depth = self._depth()
        self.kind = kind
        self.index = {name: i for i, name in enumerate(self.names)}
        self.labels = tuple([name.encode() for name in self.names])
        self.first = self.types[0] if len(self.types) > 0 else None
        self.second = self.types[1] if len(self.types) > 1 else None
        self.has_resources = kind in ("own", "borrow") or any(
            t is not None and (<Type>t).has_resources for t in self.types
        )
        self.code = self._code()
        self.wraps_none = kind == "option" and self.first.kind == "option"

    def _check(self, str kind):
        wanted = ARITY.get(kind, 0 if kind not in WITH_TYPES else None)
        if wanted is not None and len(self.types) != wanted:
            raise ValueError(f"a {kind} has {wanted} types below it, not {len(self.types)}")
        if any(not isinstance(name, str) for name in self.names):
            raise TypeError(f"a {kind}: names are strings")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"a {kind} names something twice: {self.names}")
        if bool(self.names) != (kind in NAMED):
            raise ValueError(f"a {kind} names {'at least one thing' if kind in NAMED else 'nothing'}")
        if kind in ("record", "variant") and len(self.names) != len(self.types):
            raise ValueError(f"a {kind} has as many types as names")
        if self.length is not None and (kind != "list" or self.length < 0):
            raise ValueError(f"a {kind} has no length {self.length}")
        optional = kind in ("variant", "result")
        for child in self.types:
            if not (isinstance(child, Type) or (child is None and optional)):
                raise TypeError(f"below a {kind}: {child!r} is not a Type")

    def _depth(self):
        depth = 1 + max([(<Type>t).depth for t in self.types if t is not None], default=0)
        if depth > DEPTH_MAX:
            raise ValueError(f"more than {DEPTH_MAX} types inside each other")
        return depth

    def _code(self):
        if self.kind == "list":
            if self.length is not None:
                return C_LIST_FIXED
            if self.first.kind == "u8":
                return C_LIST_U8
        if self.kind == "map" and self.first.kind == "string":
            return C_MAP_STRING
        return CODES[self.kind]

    def _key(self):
        return (self.kind, self.names, self.types, self.resource, self.length)

    def __eq__(self, other):
        return isinstance(other, Type) and self._key() == (<Type>other)._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        if self.names:
            body = ", ".join(
                name if not self.types or self.types[i] is None else f"{name}: {self.types[i]!r}"
                for i, name in enumerate(self.names)
            )
            return f"{self.kind} {{{body}}}"
        if not self.types and self.kind != "tuple":
            return self.kind if self.kind not in ("own", "borrow") else f"{self.kind}<{self.resource}>"
        body = ", ".join("_" if t is None else repr(t) for t in self.types)
        return f"{self.kind}<{body}{'' if self.length is None else f', {self.length}'}>"


cdef class FunctionType:
    """The type of a component function: parameters in order, one result or None."""

    def __init__(self, params=(), Type result=None, bint is_async=False):
        if self.params is not None:
            raise TypeError("a FunctionType never changes")
        named = tuple([(str(name), t) for name, t in params])
        if any(not isinstance(t, Type) for _, t in named):
            raise TypeError("a parameter's type is not a Type")
        self.result = result
        self.is_async = is_async
        self.types = tuple([t for _, t in named])
        self.params = named
        self.has_resources = any((<Type>t).has_resources for t in self.types)

    def __eq__(self, other):
        return isinstance(other, FunctionType) and (self.params, self.result, self.is_async) == (
            other.params, other.result, other.is_async)

    def __hash__(self):
        return hash((self.params, self.result, self.is_async))

    def __repr__(self):
        params = ", ".join(f"{name}: {t!r}" for name, t in self.params)
        arrow = "" if self.result is None else f" -> {self.result!r}"
        return f"{'async ' if self.is_async else ''}func({params}){arrow}"


cdef object mismatch(object x, str rule):
    return ValueMismatch(f"{shown(x)} is not {rule}")


cdef object brief = reprlib.Repr()
brief.maxstring = brief.maxother = 60


cdef str shown(object x):
    """A value in a message: never long, whatever it is."""
    try:
        return brief.repr(x)
    except Exception:  # an int of thousands of digits, a broken __repr__
        return f"this {type(x).__name__}"


cdef str one_of(Type t):
    return f"one of {', '.join(t.names[:20])}{'' if len(t.names) <= 20 else ', ...'}"


cdef inline int charge(Lowering* to, size_t size) except -1:
    """Take from the room that is left, before memory is taken; never more than `measure` counts."""
    if size > to.room:
        raise _TooLarge()
    to.room -= size
    return 0


# ---------------------------------------------------------------------- plain data -> libwasmtime

cdef int lower(Type t, object x, Val* v, Lowering* to) except -1:
    """Write `x` into `v`, which holds kind 0. After an error `v` can still be deleted."""
    cdef int code = t.code
    if code == VAL_STRING:
        put_text(&v.of.string, x, to)
        v.kind = VAL_STRING
    elif code <= VAL_U64:
        lower_integer(code, x, v)
    elif code == VAL_F64 or code == VAL_F32:
        lower_float(code, x, v)
    elif code == VAL_RECORD:
        lower_record(t, x, v, to)
    elif code == C_LIST_U8:
        lower_bytes(x, v, to)
    elif code == VAL_LIST or code == C_LIST_FIXED:
        lower_list(t, x, v, to)
    elif code == VAL_OPTION:
        lower_option(t, x, v, to)
    elif code == VAL_VARIANT:
        lower_variant(t, x, v, to)
    elif code == VAL_ENUM:
        put_label(&v.of.string, t, x)
        v.kind = VAL_ENUM
    elif code == VAL_RESULT:
        lower_result(t, x, v, to)
    elif code == VAL_TUPLE:
        lower_tuple(t, x, v, to)
    elif code == VAL_FLAGS:
        lower_flags(t, x, v)
    elif code == VAL_CHAR:
        lower_char(x, v)
    elif code == VAL_MAP or code == C_MAP_STRING:
        lower_map(t, x, v, to)
    else:
        lower_resource(t, x, v, to)
    return 0


cdef int lower_integer(int code, object x, Val* v) except -1:
    cdef int overflow = 0
    cdef long long n
    if code == VAL_BOOL:
        if x is not True and x is not False:
            raise mismatch(x, "a bool")
        v.of.boolean = x is True
        return 0
    if not PyLong_CheckExact(x):
        raise mismatch(x, "an integer")
    n = PyLong_AsLongLongAndOverflow(x, &overflow)
    if code == VAL_U64:
        if (overflow == 0 and n < 0) or overflow < 0 or (overflow > 0 and x > 0xFFFFFFFFFFFFFFFF):
            raise mismatch(x, "a u64")
        v.of.u64 = <uint64_t>n if overflow == 0 else PyLong_AsUnsignedLongLong(x)
    elif overflow != 0:
        raise mismatch(x, "within the bounds of its integer type")
    elif code == VAL_S64:
        v.of.s64 = n
    elif code == VAL_U32:
        check_bounds(n, 0, 0xFFFFFFFF, x, "a u32")
        v.of.u32 = <uint32_t>n
    elif code == VAL_S32:
        check_bounds(n, -0x80000000, 0x7FFFFFFF, x, "an s32")
        v.of.s32 = <int32_t>n
    elif code == VAL_U16:
        check_bounds(n, 0, 0xFFFF, x, "a u16")
        v.of.u16 = <uint16_t>n
    elif code == VAL_S16:
        check_bounds(n, -0x8000, 0x7FFF, x, "an s16")
        v.of.s16 = <int16_t>n
    elif code == VAL_U8:
        check_bounds(n, 0, 0xFF, x, "a u8")
        v.of.u8 = <uint8_t>n
    else:
        check_bounds(n, -0x80, 0x7F, x, "an s8")
        v.of.s8 = <int8_t>n
    v.kind = <uint8_t>code
    return 0


cdef inline int check_bounds(long long n, long long low, long long high, object x, str rule) except -1:
    if n < low or n > high:
        raise mismatch(x, rule)
    return 0


cdef int lower_float(int code, object x, Val* v) except -1:
    if type(x) is not float and not PyLong_CheckExact(x):
        raise mismatch(x, "a number")
    cdef double d
    try:
        d = x
    except OverflowError:
        raise mismatch(x, "a number that a float can hold") from None
    if code == VAL_F64:
        v.of.f64 = d
    else:
        v.of.f32 = <float>d
        if isinf(v.of.f32) and not isinf(d):
            raise mismatch(x, "a number that an f32 can hold")
    v.kind = <uint8_t>code
    return 0


cdef int lower_char(object x, Val* v) except -1:
    cdef uint32_t c
    if type(x) is not str or len(x) != 1:
        raise mismatch(x, "a string of one scalar value")
    c = ord(x)
    if 0xD800 <= c <= 0xDFFF:
        raise mismatch(x, "a Unicode scalar value")
    v.of.character = c
    v.kind = VAL_CHAR
    return 0


cdef int put_text(Name* slot, object x, Lowering* to) except -1:
    cdef Py_ssize_t size
    cdef const char* data
    if not isinstance(x, str):
        raise mismatch(x, "a string")
    try:
        data = PyUnicode_AsUTF8AndSize(x, &size)
    except UnicodeEncodeError:
        raise mismatch(x, "a string without lone surrogates") from None
    charge(to, size)
    api.bytes_new(slot, size, data)
    return 0


cdef inline void put_bytes(Name* slot, bytes label) noexcept:
    api.bytes_new(slot, PyBytes_GET_SIZE(label), PyBytes_AS_STRING(label))


cdef int put_label(Name* slot, Type t, object x) except -1:
    position = t.index.get(x) if isinstance(x, str) else None
    if position is None:
        raise mismatch(x, one_of(t))
    put_bytes(slot, <bytes>t.labels[position])
    return 0


cdef int lower_bytes(object x, Val* v, Lowering* to) except -1:
    cdef const uint8_t[::1] view
    cdef Py_ssize_t i, n
    cdef Val* slot
    if not isinstance(x, (bytes, bytearray, memoryview)):
        raise mismatch(x, "bytes")
    try:
        view = x.cast("B") if isinstance(x, memoryview) else x
    except (TypeError, ValueError, BufferError):
        raise ValueMismatch("a memoryview whose bytes do not lie together") from None
    n = view.shape[0]
    charge(to, n)
    api.list_new(&v.of.list, n)
    slot = v.of.list.data
    with nogil:
        for i in range(n):
            slot[i].kind = VAL_U8
            slot[i].of.u8 = view[i]
    v.kind = VAL_LIST
    return 0


cdef int lower_list(Type t, object x, Val* v, Lowering* to) except -1:
    cdef Py_ssize_t i, n
    cdef tuple items
    if not isinstance(x, (list, tuple)):
        raise mismatch(x, "a list")
    items = tuple(x)
    n = len(items)
    if t.length is not None and n != t.length:
        raise mismatch(x, f"a list of {t.length}")
    charge(to, n)
    api.list_new(&v.of.list, n)
    memset(v.of.list.data, 0, n * sizeof(Val))
    v.kind = VAL_LIST
    for i in range(n):
        try:
            lower(t.first, items[i], &v.of.list.data[i], to)
        except ValueMismatch as error:
            raise_below(error, i)
    return 0


cdef int lower_tuple(Type t, object x, Val* v, Lowering* to) except -1:
    cdef Py_ssize_t i, n = len(t.types)
    cdef tuple items
    if not isinstance(x, (list, tuple)):
        raise mismatch(x, f"a tuple of {n}")
    items = tuple(x)
    if len(items) != n:
        raise mismatch(x, f"a tuple of {n}")
    charge(to, n)
    api.tuple_new(&v.of.list, n)
    memset(v.of.list.data, 0, n * sizeof(Val))
    v.kind = VAL_TUPLE
    for i in range(n):
        try:
            lower(<Type>t.types[i], items[i], &v.of.list.data[i], to)
        except ValueMismatch as error:
            raise_below(error, i)
    return 0


cdef int lower_record(Type t, object x, Val* v, Lowering* to) except -1:
    cdef Py_ssize_t i, n = len(t.types)
    cdef object field
    if not PyDict_Check(x):
        raise mismatch(x, "a record (a dict)")
    charge(to, n)
    api.record_new(&v.of.record, n)
    memset(v.of.record.data, 0, n * sizeof(ValField))
    v.kind = VAL_RECORD
    present = 0
    for i in range(n):
        name = <str>t.names[i]
        put_bytes(&v.of.record.data[i].name, <bytes>t.labels[i])
        field = x.get(name, missing)
        if field is missing:
            if (<Type>t.types[i]).code != VAL_OPTION:
                raise ValueMismatch("a field is missing", (name,))
            field = None
        else:
            present += 1
        try:
            lower(<Type>t.types[i], field, &v.of.record.data[i].val, to)
        except ValueMismatch as error:
            raise_below(error, name)
    if present != len(x):
        extra = next((key for key in x if key not in t.index), None)
        raise ValueMismatch(f"the record has no field {shown(extra)}")
    return 0


cdef object missing = object()


cdef int raise_below(object error, object step) except -1:
    error.path = (step, *error.path)
    raise error


cdef int put_payload(Type t, object x, Val** slot, Lowering* to, object step) except -1:
    """Lower `x` and box it; what was lowered is freed where it does not fit."""
    cdef Val boxed
    memset(&boxed, 0, sizeof(Val))
    try:
        lower(t, x, &boxed, to)
    except ValueMismatch as error:
        api.val_delete(&boxed)
        raise_below(error, step)
    except BaseException:
        api.val_delete(&boxed)
        raise
    slot[0] = api.val_new(&boxed)
    return 0


cdef int lower_option(Type t, object x, Val* v, Lowering* to) except -1:
    v.of.option = NULL
    v.kind = VAL_OPTION
    if x is None:
        return 0
    if t.wraps_none:
        if not (isinstance(x, tuple) and len(x) == 2 and x[0] == "some"):
            raise mismatch(x, "None or ('some', value)")
        x = x[1]
    put_payload(t.first, x, &v.of.option, to, "some")
    return 0


cdef int lower_variant(Type t, object x, Val* v, Lowering* to) except -1:
    case, payload = (x, None) if isinstance(x, str) else split_pair(x, "(case, payload)")
    position = t.index.get(case) if isinstance(case, str) else None
    if position is None:
        raise mismatch(case, one_of(t))
    put_bytes(&v.of.variant.case, <bytes>t.labels[position])
    v.of.variant.payload = NULL
    v.kind = VAL_VARIANT
    kind = t.types[position]
    if kind is not None:
        put_payload(<Type>kind, payload, &v.of.variant.payload, to, case)
    elif payload is not None:
        raise ValueMismatch(f"the case {case} has no payload")
    return 0


cdef tuple split_pair(object x, str rule):
    if not isinstance(x, tuple) or len(x) != 2:
        raise mismatch(x, rule)
    return x


cdef int lower_result(Type t, object x, Val* v, Lowering* to) except -1:
    tag, payload = split_pair(x, "('ok', value) or ('error', value)")
    if tag != "ok" and tag != "error":
        raise mismatch(tag, "'ok' or 'error'")
    put_result(t, tag == "ok", payload, v, to)
    return 0


cdef int put_result(Type t, bint is_ok, object payload, Val* v, Lowering* to) except -1:
    cdef Type kind = t.first if is_ok else t.second
    v.of.result.is_ok = is_ok
    v.of.result.payload = NULL
    v.kind = VAL_RESULT
    if kind is not None:
        put_payload(kind, payload, &v.of.result.payload, to, "ok" if is_ok else "error")
    elif payload is not None:
        raise ValueMismatch(f"the {'ok' if is_ok else 'error'} side has no payload")
    return 0


cdef int lower_flags(Type t, object x, Val* v) except -1:
    cdef Py_ssize_t i = 0
    if isinstance(x, str) or not isinstance(x, (list, tuple, set, frozenset)):
        raise mismatch(x, "a list of flag names")
    positions = set()
    for name in x:
        position = t.index.get(name) if isinstance(name, str) else None
        if position is None:
            raise mismatch(name, one_of(t))
        positions.add(position)
    api.flags_new(&v.of.flags, len(positions))
    for position in sorted(positions):
        put_bytes(&v.of.flags.data[i], <bytes>t.labels[position])
        i += 1
    v.kind = VAL_FLAGS
    return 0


cdef int lower_map(Type t, object x, Val* v, Lowering* to) except -1:
    cdef Py_ssize_t i = 0, n
    if PyDict_Check(x):
        pairs = list(x.items())
    elif isinstance(x, (list, tuple)):
        pairs = [split_pair(tuple(pair) if isinstance(pair, list) else pair, "(key, value)") for pair in x]
    else:
        raise mismatch(x, "a map (a dict, or a list of pairs)")
    n = len(pairs)
    charge(to, 2 * n)
    api.map_new(&v.of.map, n)
    memset(v.of.map.data, 0, n * sizeof(ValPair))
    v.kind = VAL_MAP
    for key, value in pairs:
        try:
            lower(t.first, key, &v.of.map.data[i].key, to)
            lower(t.second, value, &v.of.map.data[i].value, to)
        except ValueMismatch as error:
            raise_below(error, step_of(key))
        i += 1
    return 0


cdef str step_of(object key):
    """A key as a step of a path: text that can be shown, and short."""
    plain = isinstance(key, str) and len(key) <= 60 and key.isprintable()
    return key if plain else shown(key)


cdef int lower_resource(Type t, object x, Val* v, Lowering* to) except -1:
    cdef void* host
    cdef void* any_ = NULL
    cdef void* error
    if to.context == NULL:
        raise ValueMismatch("a resource is only valid in an instance")
    if not PyLong_CheckExact(x) or not 0 <= x <= 0xFFFFFFFF:
        raise mismatch(x, "the number of a resource")
    host = api.host_new(t.code == C_OWN, <uint32_t>x, t.resource)
    error = api.host_to_any(to.context, host, &any_)
    api.host_delete(host)
    if error != NULL:
        raise ValueMismatch(f"resource {x}: {take_message(error)}")
    v.of.resource = any_
    v.kind = VAL_RESOURCE
    return 0


# ---------------------------------------------------------------------- libwasmtime -> plain data

cdef object lift(Type t, const Val* v):
    """The plain data of `v`, which stays the caller's. Resources were made numbers before."""
    cdef int code = t.code
    if code == VAL_STRING or code == VAL_ENUM:
        return PyUnicode_DecodeUTF8(v.of.string.data, v.of.string.size, NULL)
    if code <= VAL_F64:
        return lift_number(code, v)
    if code == VAL_RECORD:
        return lift_record(t, v)
    if code == C_LIST_U8:
        return lift_bytes(v)
    if code == VAL_LIST or code == C_LIST_FIXED:
        return [lift(t.first, &v.of.list.data[i]) for i in range(v.of.list.size)]
    if code == VAL_OPTION:
        if v.of.option == NULL:
            return None
        return ("some", lift(t.first, v.of.option)) if t.wraps_none else lift(t.first, v.of.option)
    if code == VAL_VARIANT:
        return lift_variant(t, v)
    if code == VAL_RESULT:
        return lift_result(t, v)
    if code == VAL_TUPLE:
        return tuple([lift(<Type>t.types[i], &v.of.list.data[i]) for i in range(v.of.list.size)])
    if code == VAL_FLAGS:
        return [text(&v.of.flags.data[i]) for i in range(v.of.flags.size)]
    if code == VAL_CHAR:
        return chr(v.of.character)
    if code == C_MAP_STRING:
        return {text(&v.of.map.data[i].key.of.string): lift(t.second, &v.of.map.data[i].value)
                for i in range(v.of.map.size)}
    if code == VAL_MAP:
        return [(lift(t.first, &v.of.map.data[i].key), lift(t.second, &v.of.map.data[i].value))
                for i in range(v.of.map.size)]
    return v.of.u32


cdef inline str text(const Name* name):
    return PyUnicode_DecodeUTF8(name.data, name.size, NULL)


cdef object lift_number(int code, const Val* v):
    if code == VAL_BOOL:
        return v.of.boolean != 0
    if code == VAL_U32:
        return v.of.u32
    if code == VAL_S32:
        return v.of.s32
    if code == VAL_U64:
        return v.of.u64
    if code == VAL_S64:
        return v.of.s64
    if code == VAL_F64:
        return v.of.f64
    if code == VAL_F32:
        return <double>v.of.f32
    if code == VAL_U8:
        return v.of.u8
    if code == VAL_S8:
        return v.of.s8
    if code == VAL_U16:
        return v.of.u16
    return v.of.s16


cdef object lift_record(Type t, const Val* v):
    cdef dict record = {}
    cdef Py_ssize_t i
    for i in range(<Py_ssize_t>v.of.record.size):
        record[t.names[i]] = lift(<Type>t.types[i], &v.of.record.data[i].val)
    return record


cdef object lift_bytes(const Val* v):
    cdef size_t i, n = v.of.list.size
    cdef bytes out = PyBytes_FromStringAndSize(NULL, n)
    cdef char* data = PyBytes_AS_STRING(out)
    with nogil:
        for i in range(n):
            data[i] = <char>v.of.list.data[i].of.u8
    return out


cdef object lift_variant(Type t, const Val* v):
    case = text(&v.of.variant.case)
    if v.of.variant.payload == NULL:
        return (case, None)
    return (case, lift(<Type>t.types[t.index[case]], v.of.variant.payload))


cdef object lift_result(Type t, const Val* v):
    cdef Type kind = t.first if v.of.result.is_ok else t.second
    tag = "ok" if v.of.result.is_ok else "error"
    if v.of.result.payload == NULL:
        return (tag, None)
    return (tag, lift(kind, v.of.result.payload))


cdef size_t measure(const Val* v, size_t limit) noexcept nogil:
    """Bytes of text and of scalars (a list<u8> is one a byte); stops counting past `limit`.

    Every element counts at least one byte, so that a list of empty things is not free. Lists of
    one-byte scalars are not walked: their first element tells what all are.
    """
    cdef size_t total = 1
    cdef size_t i
    if v.kind == VAL_STRING or v.kind == VAL_ENUM:
        return total + v.of.string.size
    if v.kind == VAL_LIST or v.kind == VAL_TUPLE:
        if v.of.list.size > limit:
            return v.of.list.size
        if v.kind == VAL_LIST and v.of.list.size > 0 and v.of.list.data[0].kind <= VAL_U8:
            return total + v.of.list.size
        for i in range(v.of.list.size):
            total += measure(&v.of.list.data[i], limit)
            if total > limit:
                break
        return total
    if v.kind == VAL_RECORD:
        for i in range(v.of.record.size):
            total += measure(&v.of.record.data[i].val, limit)
            if total > limit:
                break
        return total
    if v.kind == VAL_OPTION:
        return total + (measure(v.of.option, limit) if v.of.option != NULL else 0)
    if v.kind == VAL_VARIANT:
        return total + (measure(v.of.variant.payload, limit) if v.of.variant.payload != NULL else 0)
    if v.kind == VAL_RESULT:
        return total + (measure(v.of.result.payload, limit) if v.of.result.payload != NULL else 0)
    if v.kind == VAL_MAP:
        for i in range(v.of.map.size):
            total += measure(&v.of.map.data[i].key, limit) + measure(&v.of.map.data[i].value, limit)
            if total > limit:
                break
        return total
    if v.kind == VAL_FLAGS:
        return total + v.of.flags.size
    return total + 7 if v.kind >= VAL_S16 else total


def roundtrip(Type type not None, value):
    """Lower a value to libwasmtime's form, copy it there, lift the copy, free both."""
    cdef Val original, copied
    cdef Lowering to = Lowering(NULL, <size_t>-1)
    require()
    memset(&original, 0, sizeof(Val))
    memset(&copied, 0, sizeof(Val))
    try:
        lower(type, value, &original, &to)
        api.val_clone(&original, &copied)
        return lift(type, &copied)
    finally:
        api.val_delete(&original)
        api.val_delete(&copied)


def size_of(Type type not None, value, size_t limit=1 << 62):
    """The bytes that a value counts for against a limit on input or output."""
    cdef Val original
    cdef Lowering to = Lowering(NULL, <size_t>-1)
    require()
    memset(&original, 0, sizeof(Val))
    try:
        lower(type, value, &original, &to)
        return measure(&original, limit)
    finally:
        api.val_delete(&original)
