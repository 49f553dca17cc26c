"""The bridge to libwasmtime: engines, components, linkers, instances; guests without threads.

Theory of operation
-------------------
A call is a future that is polled. While polled, the guest runs on its own stack (a fiber). A poll
returns because the call is done, because the guest called a host function, or because the epoch
ticked. Host functions do not run on the fiber: `on_host_call` only takes over the arguments and
notes the request in the store's data (`Shared`), the poll returns, the handler runs as ordinary
Python, its result is written into the waiting slot, and the next poll goes on.

An Instance owns future, store and `Shared` together. The order of ending is fixed: the future
first (this unwinds the guest), then the store; the other way round the process aborts. One future
at a time: libwasmtime would accept a second one silently. A future that is done is never polled
again: that aborts, too.

States: NEW -> (instantiate) -> READY <-> BUSY, and DEAD from everywhere. Only READY may be invoked.

Who may touch what: an Instance belongs to one thread at a time. `step_in_thread` runs without the
GIL on a worker, and until it returns the owner may only call `interrupt`. While an instance is
driven (`inside`), neither another thread nor its own handlers may drive or close it: RuntimeError.

Garbage: handlers and contexts may hold what holds them. The collector may break such a cycle
anywhere but in a Linker or an Instance (`no_gc_clear`), which need their parts until they are freed.
"""

cimport cython

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.math cimport isfinite
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

from innkeeper_core.capi cimport *
from innkeeper_core.ticker cimport forget, guest_enters, guest_leaves, ticks_now, watch
from innkeeper_core.values cimport FunctionType, Lowering, Type, lift, lower, measure, put_result
from innkeeper_core.world cimport Items, _Resources, read_world

from innkeeper_core.values import ValueMismatch, _TooLarge
from innkeeper_core.world import _TooManyItems

cdef extern from "Python.h":
    bint PyCoro_CheckExact(object)

cdef extern from "time.h" nogil:
    struct timespec:
        long tv_sec
        long tv_nsec
    int clock_gettime(int, timespec*)
    int CLOCK_MONOTONIC

cdef extern from *:
    """
    #if defined(__GLIBC__)
    #include <malloc.h>
    static inline void ink_trim(void) { malloc_trim(0); }
    #else
    static inline void ink_trim(void) {}
    #endif
    static inline void ink_store(volatile uint8_t* p, uint8_t v) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }
    static inline uint8_t ink_load(volatile uint8_t* p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
    """
    void ink_trim() noexcept nogil
    void ink_store(uint8_t*, uint8_t) noexcept nogil
    uint8_t ink_load(uint8_t*) noexcept nogil


cdef class _Pending:
    def __repr__(self):
        return "PENDING"

cdef object pending = _Pending()
cdef str NOT_OURS = "a resource that is not the host's"
PENDING = pending

# The guest picks the size of what it hands to a host function; this is how much is kept.
cdef size_t HOST_ARGUMENT_BYTES_MAX = 16 * 1024 * 1024


class Trap(Exception):
    """The guest stopped by itself."""


class LimitHit(Exception):
    """A limit of the bridge's own was hit; `limit` names it."""

    def __init__(self, limit):
        super().__init__(limit)
        self.limit = limit


class CannotInstantiate(Exception):
    """An instance cannot be made."""


class InvalidComponent(Exception):
    """These bytes are not a component that libwasmtime accepts."""


class ToolErr(Exception):
    """Raised by a host function to answer the error side of its `result`."""

    def __init__(self, payload=None):
        super().__init__(payload)
        self.payload = payload


# ---------------------------------------------------------------------- engine and component

cdef class Pooling:
    """Sizes of the pooling allocator, all set up front."""

    cdef void* config

    def __cinit__(
        self,
        *,
        uint32_t instances,
        size_t memory_bytes_max,
        size_t table_elements_max,
        uint32_t core_instances_per_component=20,
        uint32_t memories_per_component=4,
        uint32_t tables_per_component=20,
        size_t keep_resident_bytes=0,
    ):
        if <uint64_t>instances * max(
            core_instances_per_component, memories_per_component, tables_per_component
        ) > 0xFFFFFFFF:
            raise ValueError("a pool of more than 2**32 things")
        require()
        self.config = api.pooling_new()
        api.pooling_component_instances(self.config, instances)
        api.pooling_stacks(self.config, instances)
        api.pooling_core_instances(self.config, instances * core_instances_per_component)
        api.pooling_memories(self.config, instances * memories_per_component)
        api.pooling_tables(self.config, instances * tables_per_component)
        api.pooling_memory_size(self.config, memory_bytes_max)
        api.pooling_table_elements(self.config, table_elements_max)
        api.pooling_memories_per_component(self.config, memories_per_component)
        api.pooling_tables_per_component(self.config, tables_per_component)
        api.pooling_core_instances_per_component(self.config, core_instances_per_component)
        api.pooling_component_size(self.config, 16 * 1024 * 1024)
        api.pooling_core_size(self.config, 4 * 1024 * 1024)
        api.pooling_memory_resident(self.config, keep_resident_bytes)
        api.pooling_table_resident(self.config, keep_resident_bytes)
        api.pooling_stack_resident(self.config, min(keep_resident_bytes, 65536))

    def __dealloc__(self):
        if self.config != NULL:
            api.pooling_delete(self.config)


cdef class Engine:
    """Compiles and runs; one set of settings."""

    cdef void* handle
    cdef readonly bint concurrency
    cdef readonly bint fuel

    def __cinit__(
        self,
        *,
        bint concurrency=False,
        bint fuel=False,
        memory_reservation=None,
        memory_guard=None,
        memory_growth=None,
        bint optimize=True,
        bint parallel_compilation=True,
        size_t stack_bytes_max=512 * 1024,
        size_t fiber_bytes=1024 * 1024,
        Pooling pooling=None,
    ):
        cdef void* config
        # Read before anything is made: a number that does not fit raises OverflowError.
        cdef uint64_t reservation = memory_reservation or 0
        cdef uint64_t guard = memory_guard or 0
        cdef uint64_t growth = memory_growth or 0
        require()
        if stack_bytes_max == 0:
            raise ValueError("stack_bytes_max is at least 1")
        if fiber_bytes <= stack_bytes_max:
            raise ValueError("fiber_bytes must be larger than stack_bytes_max: host code runs there too")
        config = api.config_new()
        api.config_epoch(config, True)
        api.config_fuel(config, fuel)
        api.config_map(config, True)
        api.config_concurrency(config, concurrency)
        if concurrency:
            api.config_async(config, True)
            api.config_async_stackful(config, True)
            api.config_async_builtins(config, True)
        api.config_parallel(config, parallel_compilation)
        api.config_opt_level(config, 1 if optimize else 0)
        api.config_max_stack(config, stack_bytes_max)
        api.config_async_stack(config, fiber_bytes)
        if memory_reservation is not None:
            api.config_reservation(config, reservation)
        if memory_guard is not None:
            api.config_guard(config, guard)
        if memory_growth is not None:
            api.config_growth(config, growth)
        if pooling is not None:
            api.config_pooling(config, pooling.config)
        self.concurrency = concurrency
        self.fuel = fuel
        self.handle = api.engine_new(config)
        if self.handle == NULL:
            raise MemoryError("libwasmtime cannot make an engine with these settings")
        watch(self.handle)

    def __dealloc__(self):
        if self.handle != NULL:
            forget(self.handle)
            api.engine_delete(self.handle)

    def compile(self, const uint8_t[::1] component not None):
        """Compile a component binary, without the GIL."""
        cdef void* out = NULL
        cdef void* error
        cdef size_t size = component.shape[0]
        cdef const uint8_t* data = &component[0] if size else NULL
        if data == NULL:
            raise InvalidComponent("no bytes")
        with nogil:
            error = api.component_new(self.handle, data, size, &out)
        if error != NULL:
            raise InvalidComponent(take_message(error))
        return wrap_component(self, out)

    def load(self, int descriptor):
        """Map a trusted image through an open file descriptor."""
        cdef void* out = NULL
        cdef void* error
        cdef bytes path = b"/proc/self/fd/%d" % descriptor
        cdef const char* name = path
        with nogil:
            error = api.component_deserialize_file(self.handle, name, &out)
        if error != NULL:
            raise InvalidComponent(take_message(error))
        return wrap_component(self, out)


cdef Component wrap_component(Engine engine, void* handle):
    cdef Component component = Component.__new__(Component)
    cdef void* kind
    component.engine = engine
    component.handle = handle
    kind = api.component_type(handle)
    try:
        component.imports, component.exports, component.resources = read_world(kind, engine.handle)
    except _TooManyItems as error:
        raise InvalidComponent(str(error)) from None
    finally:
        api.component_type_delete(kind)
    return component


cdef class Component:
    """A compiled component."""

    cdef void* handle
    cdef readonly Engine engine
    cdef readonly Items imports
    cdef readonly Items exports
    cdef _Resources resources

    def __init__(self):
        raise TypeError("a component comes from Engine.compile or Engine.load")

    def __dealloc__(self):
        if self.handle != NULL:
            api.component_delete(self.handle)

    def serialize(self):
        """The image that `Engine.load` takes."""
        cdef Name out
        cdef void* error
        with nogil:
            error = api.component_serialize(self.handle, &out)
        if error != NULL:
            raise RuntimeError(take_message(error))
        try:
            return <bytes>out.data[:out.size]
        finally:
            api.bytes_delete(&out)

    def function(self, str interface, str name):
        """An exported function."""
        cdef Function function = Function.__new__(Function)
        cdef Items items = self.exports if interface is None else self.exports.interfaces[interface]
        cdef void* scope = NULL
        cdef bytes label
        function.component = self
        function.interface = interface
        function.name = name
        function.type = items.functions[name]
        if interface is not None:
            label = interface.encode()
            scope = api.component_export_index(self.handle, NULL, PyBytes_AS_STRING(label), len(label))
            if scope == NULL:
                raise KeyError(interface)
        label = name.encode()
        function.index = api.component_export_index(self.handle, scope, PyBytes_AS_STRING(label), len(label))
        if scope != NULL:
            api.export_index_delete(scope)
        if function.index == NULL:
            raise KeyError(name)
        return function


cdef class Function:
    """An exported function of a component; callable in every instance of it."""

    cdef void* index
    cdef Component component
    cdef readonly str interface
    cdef readonly str name
    cdef readonly FunctionType type

    def __init__(self):
        raise TypeError("a function comes from Component.function")

    def __dealloc__(self):
        if self.index != NULL:
            api.export_index_delete(self.index)


# ---------------------------------------------------------------------- limits

cdef class Limits:
    """What one instance may use; 0 means no limit but libwasmtime's own."""

    cdef int64_t memory_bytes_max, memories_max, table_elements_max, tables_max, instances_max
    cdef uint64_t fuel_max, host_calls_max
    cdef size_t input_bytes_max, output_bytes_max
    cdef double host_calls_per_s, tokens, refilled_s

    def __init__(
        self,
        *,
        int64_t memory_bytes_max=0,
        int64_t memories_max=0,
        int64_t table_elements_max=0,
        int64_t tables_max=0,
        int64_t instances_max=0,
        uint64_t fuel_max=0,
        size_t input_bytes_max=0,
        size_t output_bytes_max=0,
        uint64_t host_calls_max=0,
        double host_calls_per_s=0,
    ):
        if min(memory_bytes_max, memories_max, table_elements_max, tables_max, instances_max) < 0:
            raise ValueError("a limit is not negative")
        if not isfinite(host_calls_per_s) or host_calls_per_s < 0:
            raise ValueError("host_calls_per_s is a finite number, not negative")
        # libwasmtime reads a negative number as "its own default"
        self.memory_bytes_max = memory_bytes_max or -1
        self.memories_max = memories_max or -1
        self.table_elements_max = table_elements_max or -1
        self.tables_max = tables_max or -1
        self.instances_max = instances_max or -1
        self.fuel_max = fuel_max or <uint64_t>0x7FFFFFFFFFFFFFFF
        self.host_calls_max = host_calls_max or <uint64_t>0xFFFFFFFFFFFFFFFF
        self.input_bytes_max = input_bytes_max or <size_t>-1
        self.output_bytes_max = output_bytes_max or <size_t>-1
        self.host_calls_per_s = host_calls_per_s
        self.tokens = max(1.0, host_calls_per_s)
        self.refilled_s = now_s()

    cdef bint admit_host_call(self) noexcept:
        """Take one from the bucket, which holds one second's worth at most, and one at least."""
        cdef double now
        if self.host_calls_per_s <= 0:
            return True
        now = now_s()
        self.tokens = min(max(1.0, self.host_calls_per_s), self.tokens + (now - self.refilled_s) * self.host_calls_per_s)
        self.refilled_s = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


cdef double now_s() noexcept:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return t.tv_sec + t.tv_nsec * 1e-9


# ---------------------------------------------------------------------- what runs on the fiber

cdef struct Import:              # the env of one host function: constant, owned by the Linker
    uint32_t number
    bint has_resources

cdef enum Request:
    NOTHING = 0
    HOST_CALL = 1                # arguments are taken over, results wait to be written
    OVERSIZE = 2                 # arguments too large: freed already; never answered
    FOREIGN = 3                  # a resource that is not the host's: never answered

cdef struct Drop:
    uint32_t resource
    uint32_t number

cdef struct Shared:              # the store's data
    uint32_t function
    uint8_t request
    uint8_t answered
    uint8_t stop
    uint8_t done
    uint8_t failed               # the ticker of host calls, or memory for drops, is at its end
    size_t nargs
    size_t room                  # of args
    Val* args
    Val* results
    size_t nresults
    uint64_t host_calls
    uint64_t host_calls_max
    Drop* drops
    size_t drops_count
    size_t drops_room


cdef uint8_t is_answered(void* env) noexcept nogil:
    return (<Shared*>env).answered


cdef void is_over(void* env) noexcept nogil:
    """The guest has its answer, or no longer waits for one: the slot is not ours any more."""
    (<Shared*>env).results = NULL


cdef void on_host_call(void* env, void* context, const void* type, Val* args, size_t nargs,
                       Val* results, size_t nresults, void** error, Continuation* go) noexcept nogil:
    """A guest calls a host function. Runs on its fiber: take over the arguments and suspend."""
    cdef Import* function = <Import*>env
    cdef Shared* shared = <Shared*>api.context_data(context)
    cdef size_t i
    cdef size_t total = 0
    go.callback = is_answered
    go.env = shared
    go.finalizer = is_over
    shared.answered = False
    shared.function = function.number
    shared.results = results
    shared.nresults = nresults
    shared.nargs = nargs
    shared.host_calls += 1
    shared.request = HOST_CALL
    for i in range(nargs):
        memcpy(&shared.args[i], &args[i], sizeof(Val))   # the array is freed when this returns
        args[i].kind = 0
        total += measure(&shared.args[i], HOST_ARGUMENT_BYTES_MAX)
        if function.has_resources and not to_numbers(context, &shared.args[i]):
            shared.request = FOREIGN
    if total > HOST_ARGUMENT_BYTES_MAX:
        shared.request = OVERSIZE
    if shared.request != HOST_CALL:
        free_args(shared)


cdef void free_args(Shared* shared) noexcept nogil:
    cdef size_t i
    for i in range(shared.nargs):
        api.val_delete(&shared.args[i])
        shared.args[i].kind = 0
    shared.nargs = 0


cdef bint to_numbers(void* context, Val* v) noexcept nogil:
    """Replace every host resource in `v` by its number, a u32; false where one is the guest's."""
    cdef bint good = True
    cdef size_t i
    cdef void* host = NULL
    cdef void* error
    if v.kind == VAL_RESOURCE:
        error = api.any_to_host(context, v.of.resource, &host)
        api.any_delete(v.of.resource)
        v.kind = VAL_U32
        v.of.u32 = 0
        if error != NULL:
            api.error_delete(error)
            return False
        v.of.u32 = api.host_rep(host)
        api.host_delete(host)
    elif v.kind == VAL_LIST or v.kind == VAL_TUPLE:
        for i in range(v.of.list.size):
            good &= to_numbers(context, &v.of.list.data[i])
    elif v.kind == VAL_RECORD:
        for i in range(v.of.record.size):
            good &= to_numbers(context, &v.of.record.data[i].val)
    elif v.kind == VAL_OPTION and v.of.option != NULL:
        good = to_numbers(context, v.of.option)
    elif v.kind == VAL_VARIANT and v.of.variant.payload != NULL:
        good = to_numbers(context, v.of.variant.payload)
    elif v.kind == VAL_RESULT and v.of.result.payload != NULL:
        good = to_numbers(context, v.of.result.payload)
    elif v.kind == VAL_MAP:
        for i in range(v.of.map.size):
            good &= to_numbers(context, &v.of.map.data[i].value)
    return good


cdef void* on_drop(void* env, void* context, uint32_t rep) noexcept nogil:
    """A guest drops a host resource. Runs on its fiber: note it."""
    cdef Shared* shared = <Shared*>api.context_data(context)
    cdef void* grown
    if shared.drops_count == shared.drops_room:
        grown = realloc(shared.drops, (shared.drops_room * 2 + 16) * sizeof(Drop))
        if grown == NULL:
            shared.failed = True
            return NULL
        shared.drops = <Drop*>grown
        shared.drops_room = shared.drops_room * 2 + 16
    shared.drops[shared.drops_count].resource = <uint32_t><size_t>env
    shared.drops[shared.drops_count].number = rep
    shared.drops_count += 1
    return NULL


# ---------------------------------------------------------------------- linker

cdef class _HostFunction:
    cdef str name
    cdef object handler
    cdef FunctionType type
    cdef bint answers_result     # the type's result is a WIT result


@cython.no_gc_clear
cdef class Linker:
    """What one component's imports are bound to, for all its instances."""

    cdef void* handle
    cdef readonly Component component
    cdef readonly tuple missing
    cdef tuple functions         # _HostFunction by number
    cdef tuple drops             # drop handler by number of resource, or None
    cdef list imports            # Import pointers, freed with the linker
    cdef list bound              # what becomes `functions` and `drops`
    cdef list dropping
    cdef size_t args_max

    def __cinit__(self, Component component not None, functions={}, drops={}):
        self.component = component
        self.bound = []
        self.imports = []
        self.dropping = [None] * (component.resources.count + 1)
        missing = []
        self.handle = api.linker_new(component.engine.handle)
        cdef void* root = api.linker_root(self.handle)
        try:
            self._fill(root, None, component.imports, functions, drops, missing)
            for name in sorted(component.imports.interfaces):
                self._fill_interface(root, name, functions, drops, missing)
        finally:
            api.linker_instance_delete(root)
        self.missing = tuple(missing)
        self.functions = tuple(self.bound)
        self.drops = tuple(self.dropping)
        self.bound = self.dropping = None

    def __dealloc__(self):
        if self.handle != NULL:
            api.linker_delete(self.handle)
        if self.imports is not None:
            for address in self.imports:
                free(<void*><size_t>address)

    cdef int _fill_interface(self, void* root, str name, functions, drops, list missing) except -1:
        cdef void* scope = NULL
        cdef bytes label = name.encode()
        cdef void* error = api.linker_instance(root, PyBytes_AS_STRING(label), len(label), &scope)
        if error != NULL:
            raise InvalidComponent(take_message(error))
        try:
            self._fill(scope, name, self.component.imports.interfaces[name], functions, drops, missing)
        finally:
            api.linker_instance_delete(scope)
        return 0

    cdef int _fill(self, void* scope, str interface, Items items, functions, drops, list missing) except -1:
        for name, number in items.resources.items():
            drop = drops.get((interface, name))
            if drop is None:
                missing.append(full_name(interface, name))
            else:
                self._add_resource(scope, name, number, drop)
        for name, kind in items.functions.items():
            handler = functions.get((interface, name))
            if handler is None:
                missing.append(full_name(interface, name))
            else:
                self._add_function(scope, interface, name, kind, handler)
        for name in items.unsupported:
            missing.append(full_name(interface, name))
        if interface is not None:
            for name in items.interfaces:
                missing.append(full_name(interface, name))
        return 0

    cdef int _add_resource(self, void* scope, str name, uint32_t number, drop) except -1:
        cdef bytes label = name.encode()
        cdef void* kind = api.resource_type_new(number)
        cdef void* error = api.linker_resource(
            scope, PyBytes_AS_STRING(label), len(label), kind, on_drop, <void*><size_t>number, NULL)
        api.resource_type_delete(kind)
        if error != NULL:
            raise InvalidComponent(take_message(error))
        self.dropping[number] = drop
        return 0

    cdef int _add_function(self, void* scope, str interface, str name, FunctionType kind, handler) except -1:
        cdef bytes label = name.encode()
        cdef Import* env = <Import*>malloc(sizeof(Import))
        cdef _HostFunction function = _HostFunction.__new__(_HostFunction)
        cdef void* error
        if env == NULL:
            raise MemoryError()
        self.imports.append(<size_t>env)
        env.number = len(self.bound)
        env.has_resources = kind.has_resources
        function.name = full_name(interface, name)
        function.handler = handler
        function.type = kind
        function.answers_result = kind.result is not None and kind.result.kind == "result"
        self.bound.append(function)
        self.args_max = max(self.args_max, <size_t>len(kind.types))
        error = api.linker_function(scope, PyBytes_AS_STRING(label), len(label), on_host_call, env, NULL)
        if error != NULL:
            raise InvalidComponent(take_message(error))
        return 0


cdef str full_name(str interface, str name):
    return name if interface is None else f"{interface}#{name}"


# ---------------------------------------------------------------------- instance

cdef enum State:
    NEW = 0
    READY = 1
    BUSY = 2
    DEAD = 3

cdef enum:
    PARAMS_MAX = 16              # larger parameter lists are rare: allocated per call

@cython.no_gc_clear
cdef class Instance:
    """One running copy of a component, with its own store, limits and context."""

    cdef Linker linker
    cdef Limits limits
    cdef readonly object context
    cdef readonly object awaitable
    cdef readonly bint in_thread
    cdef public bint deferred    # nothing of the guest runs but in step and step_in_thread
    cdef bint inside             # a thread is in a method that drives it
    cdef int state
    cdef bint instantiating
    cdef void* store
    cdef void* context_handle
    cdef void* future
    cdef void* error
    cdef Shared shared
    cdef InstanceRef ref
    cdef Func func
    cdef FunctionType type
    cdef Val* args
    cdef Val few[PARAMS_MAX]
    cdef size_t nargs
    cdef Val result
    cdef bint oversize           # the result was too large: freed already
    cdef _HostFunction serving

    def __cinit__(self, Linker linker not None, Limits limits not None, context=None):
        if linker.missing:
            raise CannotInstantiate(f"imports that nobody serves: {', '.join(linker.missing)}")
        self.linker = linker
        self.limits = limits
        self.context = context
        self.args = self.few
        if linker.args_max:
            self.shared.args = <Val*>calloc(linker.args_max, sizeof(Val))
            if self.shared.args == NULL:
                raise MemoryError()
        self.store = api.store_new(linker.component.engine.handle, &self.shared, NULL)
        self.context_handle = api.store_context(self.store)
        api.store_limiter(
            self.store, limits.memory_bytes_max, limits.table_elements_max, limits.instances_max,
            limits.tables_max, limits.memories_max)
        api.context_epoch_yield(self.context_handle, 1)

    def __dealloc__(self):
        self._close()

    @property
    def alive(self):
        """Whether it can still be used."""
        return self.state != DEAD

    @property
    def at_rest(self):
        """Whether it is alive and runs nothing: it can be invoked."""
        return self.state == READY

    @property
    def host_calls(self):
        """Host calls since the last invoke."""
        return self.shared.host_calls

    def fuel_left(self):
        """What the engine has not burnt; 0 where it does not meter."""
        cdef uint64_t left = 0
        self._must_be_ours()
        if self.store != NULL and self.linker.component.engine.fuel:
            api.context_get_fuel(self.context_handle, &left)
        return left

    # ---- beginning

    def begin_instantiate(self):
        """Prepare the instantiation; nothing of the guest runs yet."""
        self._must_be_ours()
        if self.state != NEW:
            raise RuntimeError("an instance is instantiated once")
        self.instantiating = True
        self._arm()
        self.error = NULL
        self.future = api.instantiate(
            self.linker.handle, self.context_handle, self.linker.component.handle, &self.ref, &self.error)
        self.state = BUSY

    def instantiate(self):
        """Begin and run for one slice; None when done, PENDING when not."""
        self.begin_instantiate()
        return self._run()

    def invoke(self, Function function not None, arguments not None):
        """Call a function; its result when it is done within the slice, else PENDING."""
        self._begin(function, arguments)
        return self._run()

    def begin(self, Function function not None, arguments not None):
        """Prepare a call; nothing of the guest runs yet."""
        self._begin(function, arguments)

    cdef int _begin(self, Function function, object arguments) except -1:
        self._must_be_ours()
        if self.state != READY:
            raise RuntimeError("only an instance at rest can be invoked")
        if function.component is not self.linker.component:
            raise RuntimeError("a function of another component")
        self.inside = True
        try:
            self._lower_arguments(function.type, tuple(arguments))
        finally:
            self.inside = False
        if not api.instance_func(&self.ref, self.context_handle, function.index, &self.func):
            self._free_arguments()
            # libwasmtime lists the type of a function, exported, as it lists a function
            raise InvalidComponent(f"its export {function.name} is not a function, but the type of one")
        self.type = function.type
        self._arm()
        self.error = NULL
        memset(&self.result, 0, sizeof(Val))
        self.future = api.call(
            &self.func, self.context_handle, self.args, self.nargs, &self.result,
            0 if self.type.result is None else 1, &self.error)
        self.state = BUSY
        return 0

    cdef int _arm(self) except -1:
        """Reset what is counted per call; the first slice ends at the next tick."""
        self.shared.host_calls = 0
        self.shared.host_calls_max = self.limits.host_calls_max
        api.context_epoch_deadline(self.context_handle, 1)
        if self.linker.component.engine.fuel:
            api.context_set_fuel(self.context_handle, self.limits.fuel_max)
        return 0

    cdef int _lower_arguments(self, FunctionType type, tuple arguments) except -1:
        cdef Py_ssize_t i = 0, n = len(type.types)
        cdef size_t total = 0
        cdef Lowering to = Lowering(self.context_handle, self.limits.input_bytes_max)
        if len(arguments) != n:
            raise ValueMismatch(f"{len(arguments)} arguments for {n} parameters")
        self._take_slots(n)
        try:
            for i in range(n):
                lower(<Type>type.types[i], arguments[i], &self.args[i], &to)
                total += measure(&self.args[i], self.limits.input_bytes_max)
            if total > self.limits.input_bytes_max:
                raise _TooLarge()
        except ValueMismatch as error:
            self._free_arguments()
            error.path = (type.params[i][0], *error.path)
            raise
        except _TooLarge:
            self._free_arguments()
            raise LimitHit("input") from None
        except BaseException:
            self._free_arguments()
            raise
        return 0

    cdef int _take_slots(self, Py_ssize_t n) except -1:
        cdef Val* slots
        if n > PARAMS_MAX:
            slots = <Val*>calloc(n, sizeof(Val))
            if slots == NULL:
                raise MemoryError()
            self.args = slots
        else:
            memset(self.args, 0, n * sizeof(Val))
        self.nargs = n
        return 0

    cdef void _free_arguments(self) noexcept:
        cdef size_t i
        for i in range(self.nargs):
            api.val_delete(&self.args[i])
        self.nargs = 0
        if self.args != self.few:
            free(self.args)
            self.args = self.few

    # ---- running

    def step(self):
        """Go on for one slice."""
        self._must_be_busy()
        return self._run()

    def step_in_thread(self, long slices=1 << 30):
        """Go on without the GIL until done, a host call, `interrupt`, or so many slices."""
        cdef long used = 0
        self._must_be_busy()
        if self.awaitable is not None:
            raise RuntimeError("a host call waits for its answer")
        self.in_thread = True
        with nogil:
            while used < slices and not (
                self.shared.done or self.shared.request != NOTHING or ink_load(&self.shared.stop)
            ):
                self._poll()
                used += 1
        self.in_thread = False
        return used

    def interrupt(self):
        """Make `step_in_thread` return at the next tick."""
        ink_store(&self.shared.stop, 1)

    def collect(self):
        """What `step_in_thread` came back with."""
        self._must_be_busy()
        ink_store(&self.shared.stop, 0)
        self.inside = True
        try:
            return self._handle()
        finally:
            self.inside = False

    def answer(self, value):
        """Give the pending host call its result and go on."""
        return self._go_on(True, value)

    def answer_error(self, payload):
        """Give the pending host call the error side of its result and go on."""
        return self._go_on(False, payload)

    cdef object _go_on(self, bint is_ok, object value):
        self._must_be_busy()
        if self.awaitable is None:
            raise RuntimeError("no host call waits for an answer")
        self.awaitable = None
        self.inside = True
        try:
            self._answer(is_ok, value)
            if self.deferred:
                return pending
            with nogil:
                self._poll()
            return self._handle()
        finally:
            self.inside = False

    cdef int _must_be_ours(self) except -1:
        if self.in_thread:
            raise RuntimeError("the instance runs in a thread: interrupt it first")
        if self.inside:
            raise RuntimeError("the instance is being driven")
        return 0

    cdef int _must_be_busy(self) except -1:
        self._must_be_ours()
        if self.state != BUSY:
            raise RuntimeError("no call is under way")
        return 0

    cdef bint _poll(self) noexcept nogil:
        """One slice. True when the call is over; an oversize result is freed at once."""
        guest_enters()
        self.shared.done = api.poll(self.future)
        guest_leaves()
        if self.shared.done and self.error == NULL and not self.instantiating:
            if measure(&self.result, self.limits.output_bytes_max) > self.limits.output_bytes_max:
                api.val_delete(&self.result)
                self.result.kind = 0
                self.oversize = True
                ink_trim()               # up to 128 MiB, which malloc would keep for later
        return self.shared.done

    cdef object _run(self):
        self.inside = True
        try:
            if not self.shared.done:
                with nogil:
                    self._poll()
            return self._handle()
        finally:
            self.inside = False

    cdef object _handle(self):
        """Serve host calls as long as their handlers answer at once, for a tick at most: one host
        call after another, with no loop around them, never meets the epoch."""
        cdef uint64_t began = ticks_now()
        while True:
            if self.shared.drops_count:
                self._serve_drops()
            if self.shared.done:
                return self._finish()
            if self.shared.request == NOTHING:
                return pending
            if not self._serve() or self.deferred or ticks_now() != began:
                return pending
            with nogil:
                self._poll()

    cdef object _finish(self):
        cdef object value = None
        api.future_delete(self.future)
        self.future = NULL
        self.shared.done = False
        self._free_arguments()
        if self.error != NULL:
            return self._fail()
        if self.oversize:
            self._close()
            raise LimitHit("output")
        if self.shared.request != NOTHING:
            self._close()
            raise Trap("the guest ended its call with a host call under way")
        if self.instantiating:
            self.instantiating = False
        elif self.type.result is not None:
            value = self._lift_result()
        self.state = READY
        return value

    cdef object _lift_result(self):
        try:
            if self.type.result.has_resources and not to_numbers(self.context_handle, &self.result):
                raise Trap(NOT_OURS)
            return lift(self.type.result, &self.result)
        except BaseException:
            self._close()
            raise
        finally:
            api.val_delete(&self.result)
            self.result.kind = 0

    cdef object _fail(self):
        cdef bint instantiating = self.instantiating
        cdef void* error = self.error
        cdef str message
        self.error = NULL
        try:
            message = take_message(error)
        finally:
            self._close()
        if instantiating and "wasm trap:" not in message:
            raise CannotInstantiate(message)
        raise Trap(message)

    # ---- host calls

    cdef bint _serve(self) except -1:
        """Run the handler of the pending host call. False when its answer must be awaited."""
        cdef _HostFunction function
        cdef uint8_t request = self.shared.request
        self.shared.request = NOTHING
        if request != HOST_CALL:
            self._close()
            raise LimitHit("host_arguments") if request == OVERSIZE else Trap(NOT_OURS)
        function = <_HostFunction>self.linker.functions[self.shared.function]
        try:
            arguments = self._lift_host_arguments(function)
            if self.shared.host_calls > self.shared.host_calls_max:
                raise LimitHit("host_calls")
            if not self.limits.admit_host_call():
                raise LimitHit("host_calls_per_s")
            value = function.handler(self.context, *arguments)
        except ToolErr as error:
            self.serving = function
            self._answer(False, error.payload)
            return True
        except BaseException:
            self._close()
            raise
        self.serving = function
        if PyCoro_CheckExact(value):
            # Not even its first step is taken here: it may open a cancel scope, inside the one that
            # the caller is yet to open for the whole call.
            self.awaitable = value
            return False
        self._answer(True, value)
        return True

    cdef list _lift_host_arguments(self, _HostFunction function):
        cdef size_t i
        try:
            return [lift(<Type>function.type.types[i], &self.shared.args[i]) for i in range(self.shared.nargs)]
        finally:
            free_args(&self.shared)

    cdef int _answer(self, bint is_ok, object value) except -1:
        """Write the result into the waiting slot, which holds kind 0."""
        cdef _HostFunction function = self.serving
        cdef Val v
        cdef Lowering to = Lowering(self.context_handle, <size_t>-1)
        memset(&v, 0, sizeof(Val))
        self.serving = None
        try:
            if function.answers_result:
                put_result(function.type.result, is_ok, value, &v, &to)
            elif not is_ok:
                raise TypeError(f"{function.name} has no error side to answer with")
            elif function.type.result is not None:
                lower(function.type.result, value, &v, &to)
            elif value is not None:
                raise TypeError(f"{function.name} has no result, its handler gave {value!r}")
            if self.shared.results == NULL:
                raise Trap("the guest no longer waits for its host call")
        except BaseException:
            api.val_delete(&v)
            self._close()
            raise
        if function.type.result is not None:
            memcpy(self.shared.results, &v, sizeof(Val))
        self.shared.answered = True
        return 0

    cdef int _serve_drops(self) except -1:
        cdef size_t i = 0
        try:
            if self.shared.failed:
                raise MemoryError()
            while i < self.shared.drops_count:
                i += 1
                self.linker.drops[self.shared.drops[i - 1].resource](
                    self.context, self.shared.drops[i - 1].number)
        except BaseException:
            self._close()
            raise
        self.shared.drops_count = 0
        return 0

    # ---- ending

    def close(self):
        """End the guest, wherever it is, and free the store. Not while it is driven."""
        self._must_be_ours()
        self._close()

    cdef void _close(self) noexcept:
        # The coroutine comes last: it may raise, which is reported and goes no further.
        cdef object waiting = self.awaitable
        self.awaitable = None
        self.state = DEAD
        if self.future != NULL:
            api.future_delete(self.future)
            self.future = NULL
        if self.error != NULL:
            api.error_delete(self.error)
            self.error = NULL
        self._free_arguments()
        free_args(&self.shared)
        api.val_delete(&self.result)
        self.result.kind = 0
        if self.store != NULL:
            with nogil:                  # giving back 64 MiB takes milliseconds
                api.store_delete(self.store)
            self.store = NULL
        free(self.shared.args)
        self.shared.args = NULL
        free(self.shared.drops)
        self.shared.drops = NULL
        self.shared.drops_count = 0
        self.shared.drops_room = 0
        if waiting is not None and not waiting.cr_running:
            waiting.close()
