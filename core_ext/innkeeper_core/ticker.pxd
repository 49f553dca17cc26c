from libc.stdint cimport uint64_t

cdef int watch(void* engine) except -1
cdef void forget(void* engine) noexcept
cdef void guest_enters() noexcept nogil
cdef void guest_leaves() noexcept nogil
cdef uint64_t ticks_now() noexcept nogil
