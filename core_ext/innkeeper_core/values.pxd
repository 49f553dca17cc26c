from libc.stdint cimport uint32_t
from innkeeper_core.capi cimport Val, ValType

cdef class Type:
    cdef readonly str kind
    cdef readonly tuple names
    cdef readonly tuple types
    cdef readonly uint32_t resource
    cdef readonly object length
    cdef int code                # what lift and lower switch on
    cdef int depth               # levels, itself included: at most DEPTH_MAX
    cdef bint has_resources
    cdef bint wraps_none         # an option whose payload is an option
    cdef dict index              # name -> position
    cdef tuple labels            # names as UTF-8 bytes
    cdef Type first              # types[0], types[1] where they are
    cdef Type second

cdef class FunctionType:
    cdef readonly tuple params
    cdef readonly Type result
    cdef readonly bint is_async
    cdef tuple types
    cdef bint has_resources

ctypedef struct Lowering:
    void* context                # the store's, for resources; NULL outside of an instance
    size_t room                  # what the value may still count for; more is not even allocated

cdef object lift(Type t, const Val* v)
cdef int lower(Type t, object x, Val* v, Lowering* to) except -1
cdef size_t measure(const Val* v, size_t limit) noexcept nogil
cdef object mismatch(object x, str rule)
cdef int put_result(Type t, bint is_ok, object payload, Val* v, Lowering* to) except -1
