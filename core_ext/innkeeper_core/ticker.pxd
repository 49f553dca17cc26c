cdef int watch(void* engine) except -1
cdef void forget(void* engine) noexcept
cdef void guest_enters() noexcept nogil
cdef void guest_leaves() noexcept nogil
