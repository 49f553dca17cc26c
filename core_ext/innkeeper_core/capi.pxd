# libwasmtime's C API, as the 50.0 wheel has it. Layouts follow the wheel's own `_bindings.py`: the
# published headers are older. A C `bool` is one byte and is declared as such everywhere: read as an
# int, its upper bytes are garbage.
from libc.stdint cimport int64_t, int32_t, int16_t, int8_t, uint64_t, uint32_t, uint16_t, uint8_t

ctypedef struct Name:            # wasm_byte_vec_t
    size_t size
    char* data

ctypedef struct ValList:         # vallist, valtuple
    size_t size
    Val* data

ctypedef struct ValRecord:
    size_t size
    ValField* data

ctypedef struct ValFlags:
    size_t size
    Name* data

ctypedef struct ValMap:
    size_t size
    ValPair* data

ctypedef struct ValVariant:
    Name case
    Val* payload

ctypedef struct ValResult:
    uint8_t is_ok
    Val* payload

ctypedef union ValOf:
    uint8_t boolean
    int8_t s8
    uint8_t u8
    int16_t s16
    uint16_t u16
    int32_t s32
    uint32_t u32
    int64_t s64
    uint64_t u64
    float f32
    double f64
    uint32_t character
    Name string
    ValList list
    ValRecord record
    ValFlags flags
    ValMap map
    ValVariant variant
    ValResult result
    Val* option
    void* resource

ctypedef struct Val:             # wasmtime_component_val_t, 32 bytes
    uint8_t kind
    ValOf of

ctypedef struct ValField:
    Name name
    Val val

ctypedef struct ValPair:
    Val key
    Val value

# wasmtime_component_val_t::kind
cdef enum:
    VAL_BOOL = 0
    VAL_S8 = 1
    VAL_U8 = 2
    VAL_S16 = 3
    VAL_U16 = 4
    VAL_S32 = 5
    VAL_U32 = 6
    VAL_S64 = 7
    VAL_U64 = 8
    VAL_F32 = 9
    VAL_F64 = 10
    VAL_CHAR = 11
    VAL_STRING = 12
    VAL_LIST = 13
    VAL_RECORD = 14
    VAL_TUPLE = 15
    VAL_VARIANT = 16
    VAL_ENUM = 17
    VAL_OPTION = 18
    VAL_RESULT = 19
    VAL_FLAGS = 20
    VAL_RESOURCE = 21
    VAL_MAP = 22

# wasmtime_component_valtype_t::kind: other numbers than the values'
cdef enum:
    TYPE_BOOL = 0
    TYPE_S8 = 1
    TYPE_S16 = 2
    TYPE_S32 = 3
    TYPE_S64 = 4
    TYPE_U8 = 5
    TYPE_U16 = 6
    TYPE_U32 = 7
    TYPE_U64 = 8
    TYPE_F32 = 9
    TYPE_F64 = 10
    TYPE_CHAR = 11
    TYPE_STRING = 12
    TYPE_LIST = 13
    TYPE_RECORD = 14
    TYPE_TUPLE = 15
    TYPE_VARIANT = 16
    TYPE_ENUM = 17
    TYPE_OPTION = 18
    TYPE_RESULT = 19
    TYPE_FLAGS = 20
    TYPE_OWN = 21
    TYPE_BORROW = 22
    TYPE_FUTURE = 23
    TYPE_STREAM = 24
    TYPE_ERROR_CONTEXT = 25
    TYPE_MAP = 26

# wasmtime_component_item_t::kind
cdef enum:
    ITEM_COMPONENT = 0
    ITEM_INSTANCE = 1
    ITEM_MODULE = 2
    ITEM_FUNCTION = 3
    ITEM_RESOURCE = 4
    ITEM_CORE_FUNCTION = 5
    ITEM_TYPE = 6

ctypedef struct ValType:
    uint8_t kind
    void* of

ctypedef union ItemOf:
    void* pointer
    ValType type

ctypedef struct Item:
    uint8_t kind
    ItemOf of

ctypedef struct Func:            # opaque, 32 bytes
    uint64_t words[4]

ctypedef struct InstanceRef:     # opaque, 16 bytes
    uint64_t words[2]

ctypedef struct Continuation:
    uint8_t (*callback)(void*) noexcept nogil
    void* env
    void (*finalizer)(void*) noexcept nogil

ctypedef void (*HostCallback)(void* env, void* context, const void* type, Val* args, size_t nargs,
                              Val* results, size_t nresults, void** error, Continuation* go) noexcept nogil
ctypedef void* (*Destructor)(void* env, void* context, uint32_t rep) noexcept nogil

ctypedef struct Api:
    # errors and byte vectors
    void (*error_delete)(void*) noexcept nogil
    void (*error_message)(void*, Name*) noexcept nogil
    void (*bytes_new)(Name*, size_t, const char*) noexcept nogil
    void (*bytes_delete)(Name*) noexcept nogil
    void* (*wat2wasm)(const char*, size_t, Name*) noexcept nogil
    # configuration: property setters that return nothing
    void* (*config_new)() noexcept nogil
    void (*config_delete)(void*) noexcept nogil
    void (*config_epoch)(void*, uint8_t) noexcept nogil
    void (*config_fuel)(void*, uint8_t) noexcept nogil
    void (*config_concurrency)(void*, uint8_t) noexcept nogil
    void (*config_async)(void*, uint8_t) noexcept nogil
    void (*config_async_stackful)(void*, uint8_t) noexcept nogil
    void (*config_async_builtins)(void*, uint8_t) noexcept nogil
    void (*config_map)(void*, uint8_t) noexcept nogil
    void (*config_parallel)(void*, uint8_t) noexcept nogil
    void (*config_opt_level)(void*, uint8_t) noexcept nogil
    void (*config_init_cow)(void*, uint8_t) noexcept nogil
    void (*config_max_stack)(void*, size_t) noexcept nogil
    void (*config_async_stack)(void*, uint64_t) noexcept nogil
    void (*config_reservation)(void*, uint64_t) noexcept nogil
    void (*config_guard)(void*, uint64_t) noexcept nogil
    void (*config_growth)(void*, uint64_t) noexcept nogil
    void (*config_may_move)(void*, uint8_t) noexcept nogil
    void (*config_debug_info)(void*, uint8_t) noexcept nogil
    void (*config_unwind_info)(void*, uint8_t) noexcept nogil
    void (*config_pooling)(void*, void*) noexcept nogil
    # pooling allocator
    void* (*pooling_new)() noexcept nogil
    void (*pooling_delete)(void*) noexcept nogil
    void (*pooling_component_instances)(void*, uint32_t) noexcept nogil
    void (*pooling_core_instances)(void*, uint32_t) noexcept nogil
    void (*pooling_memories)(void*, uint32_t) noexcept nogil
    void (*pooling_tables)(void*, uint32_t) noexcept nogil
    void (*pooling_stacks)(void*, uint32_t) noexcept nogil
    void (*pooling_memory_size)(void*, size_t) noexcept nogil
    void (*pooling_table_elements)(void*, size_t) noexcept nogil
    void (*pooling_warm_slots)(void*, uint32_t) noexcept nogil
    void (*pooling_memory_resident)(void*, size_t) noexcept nogil
    void (*pooling_table_resident)(void*, size_t) noexcept nogil
    void (*pooling_stack_resident)(void*, size_t) noexcept nogil
    void (*pooling_component_size)(void*, size_t) noexcept nogil
    void (*pooling_core_size)(void*, size_t) noexcept nogil
    void (*pooling_memories_per_component)(void*, uint32_t) noexcept nogil
    void (*pooling_tables_per_component)(void*, uint32_t) noexcept nogil
    void (*pooling_core_instances_per_component)(void*, uint32_t) noexcept nogil
    # engine, store
    void* (*engine_new)(void*) noexcept nogil
    void (*engine_delete)(void*) noexcept nogil
    void (*engine_increment_epoch)(void*) noexcept nogil
    void* (*store_new)(void*, void*, void (*)(void*) noexcept nogil) noexcept nogil
    void (*store_delete)(void*) noexcept nogil
    void* (*store_context)(void*) noexcept nogil
    void (*store_limiter)(void*, int64_t, int64_t, int64_t, int64_t, int64_t) noexcept nogil
    void* (*context_data)(void*) noexcept nogil
    void* (*context_set_fuel)(void*, uint64_t) noexcept nogil
    void* (*context_get_fuel)(void*, uint64_t*) noexcept nogil
    void (*context_epoch_deadline)(void*, uint64_t) noexcept nogil
    void (*context_epoch_yield)(void*, uint64_t) noexcept nogil   # the wheel's binding says it returns an error: it returns nothing
    # components
    void* (*component_new)(void*, const uint8_t*, size_t, void**) noexcept nogil
    void (*component_delete)(void*) noexcept nogil
    void* (*component_serialize)(void*, Name*) noexcept nogil
    void* (*component_deserialize_file)(void*, const char*, void**) noexcept nogil
    void* (*component_type)(void*) noexcept nogil
    void* (*component_export_index)(void*, void*, const char*, size_t) noexcept nogil
    void (*export_index_delete)(void*) noexcept nogil
    # types
    void (*component_type_delete)(void*) noexcept nogil
    size_t (*imports_count)(void*, void*) noexcept nogil
    uint8_t (*imports_nth)(void*, void*, size_t, const char**, size_t*, void**) noexcept nogil
    size_t (*exports_count)(void*, void*) noexcept nogil
    uint8_t (*exports_nth)(void*, void*, size_t, const char**, size_t*, void**) noexcept nogil
    size_t (*instance_count)(void*, void*) noexcept nogil
    uint8_t (*instance_nth)(void*, void*, size_t, const char**, size_t*, void**) noexcept nogil
    void (*extern_type)(void*, Item*) noexcept nogil
    void (*extern_delete)(void*) noexcept nogil
    void (*item_delete)(Item*) noexcept nogil
    uint8_t (*func_type_async)(void*) noexcept nogil
    size_t (*func_type_params)(void*) noexcept nogil
    uint8_t (*func_type_param)(void*, size_t, const char**, size_t*, ValType*) noexcept nogil
    uint8_t (*func_type_result)(void*, ValType*) noexcept nogil
    void (*valtype_delete)(ValType*) noexcept nogil
    void (*list_element)(void*, ValType*) noexcept nogil
    size_t (*record_count)(void*) noexcept nogil
    uint8_t (*record_nth)(void*, size_t, const char**, size_t*, ValType*) noexcept nogil
    size_t (*tuple_count)(void*) noexcept nogil
    uint8_t (*tuple_nth)(void*, size_t, ValType*) noexcept nogil
    size_t (*variant_count)(void*) noexcept nogil
    uint8_t (*variant_nth)(void*, size_t, const char**, size_t*, uint8_t*, ValType*) noexcept nogil
    size_t (*enum_count)(void*) noexcept nogil
    uint8_t (*enum_nth)(void*, size_t, const char**, size_t*) noexcept nogil
    void (*option_type)(void*, ValType*) noexcept nogil
    uint8_t (*result_ok)(void*, ValType*) noexcept nogil
    uint8_t (*result_err)(void*, ValType*) noexcept nogil
    size_t (*flags_count)(void*) noexcept nogil
    uint8_t (*flags_nth)(void*, size_t, const char**, size_t*) noexcept nogil
    void (*map_key)(void*, ValType*) noexcept nogil
    void (*map_value)(void*, ValType*) noexcept nogil
    uint8_t (*resource_type_equal)(void*, void*) noexcept nogil
    void* (*resource_type_clone)(void*) noexcept nogil
    void (*resource_type_delete)(void*) noexcept nogil
    void* (*resource_type_new)(uint32_t) noexcept nogil
    # values
    void (*list_new)(ValList*, size_t) noexcept nogil
    void (*record_new)(ValRecord*, size_t) noexcept nogil
    void (*tuple_new)(ValList*, size_t) noexcept nogil
    void (*flags_new)(ValFlags*, size_t) noexcept nogil
    void (*map_new)(ValMap*, size_t) noexcept nogil
    Val* (*val_new)(Val*) noexcept nogil
    void (*val_clone)(const Val*, Val*) noexcept nogil
    void (*val_delete)(Val*) noexcept nogil
    # resources
    void* (*host_new)(uint8_t, uint32_t, uint32_t) noexcept nogil
    uint32_t (*host_rep)(void*) noexcept nogil
    void (*host_delete)(void*) noexcept nogil
    void* (*host_to_any)(void*, void*, void**) noexcept nogil
    void* (*any_to_host)(void*, void*, void**) noexcept nogil
    void (*any_delete)(void*) noexcept nogil
    # linker, instance, call
    void* (*linker_new)(void*) noexcept nogil
    void (*linker_delete)(void*) noexcept nogil
    void* (*linker_root)(void*) noexcept nogil
    void* (*linker_instance)(void*, const char*, size_t, void**) noexcept nogil
    void (*linker_instance_delete)(void*) noexcept nogil
    void* (*linker_function)(void*, const char*, size_t, HostCallback, void*, void (*)(void*) noexcept nogil) noexcept nogil
    void* (*linker_resource)(void*, const char*, size_t, void*, Destructor, void*, void (*)(void*) noexcept nogil) noexcept nogil
    void* (*instantiate)(void*, void*, void*, InstanceRef*, void**) noexcept nogil
    uint8_t (*instance_func)(const InstanceRef*, void*, void*, Func*) noexcept nogil
    void* (*call)(const Func*, void*, const Val*, size_t, Val*, size_t, void**) noexcept nogil
    uint8_t (*poll)(void*) noexcept nogil
    void (*future_delete)(void*) noexcept nogil

cdef Api api

cdef int require() except -1
cdef str take_message(void* error)
