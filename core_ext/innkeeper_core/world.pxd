from innkeeper_core.values cimport FunctionType

cdef class Items:
    cdef readonly dict functions
    cdef readonly dict interfaces
    cdef readonly dict resources
    cdef readonly dict unsupported
    cdef readonly tuple others
    cdef list named              # what becomes `others`

cdef class _Resources:
    cdef void** handles
    cdef int count
    cdef int number(self, void* resource) except -1

cdef tuple read_world(void* component_type, void* engine)
