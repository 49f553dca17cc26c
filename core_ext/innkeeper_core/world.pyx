"""What a component imports and exports, with full types, read from libwasmtime.

The tree is copied out whole, within bounds: a component can name a type of 2**n nodes in n lines.
libwasmtime finds the n-th of anything by walking there, so that later ones cost more of the bounds.
"""

from libc.stdlib cimport free, realloc
from libc.string cimport memset

from innkeeper_core.capi cimport *
from innkeeper_core.values cimport FunctionType, Type

NODES_MAX = 200_000        # nodes of all types of one component, as trees, and its items
cdef int TYPE_NODES_MAX = 10_000  # a hostile component can make 2**n nodes of n lines
cdef int DEPTH_MAX = 100
cdef int ITEMS_MAX = 2_000 # of a component or of an interface
cdef int STRIDE = 128      # so many steps to the n-th of something count as one node
cdef int NAME_BYTES = 32   # so many bytes of a name count as one node: names are copied as well

cdef dict SCALARS = {
    TYPE_BOOL: Type("bool"), TYPE_S8: Type("s8"), TYPE_S16: Type("s16"), TYPE_S32: Type("s32"),
    TYPE_S64: Type("s64"), TYPE_U8: Type("u8"), TYPE_U16: Type("u16"), TYPE_U32: Type("u32"),
    TYPE_U64: Type("u64"), TYPE_F32: Type("f32"), TYPE_F64: Type("f64"), TYPE_CHAR: Type("char"),
    TYPE_STRING: Type("string"),
}
cdef dict REFUSED = {TYPE_FUTURE: "future", TYPE_STREAM: "stream", TYPE_ERROR_CONTEXT: "error-context"}


class _Unsupported(Exception):
    """A type that this host cannot carry."""


class _TooManyItems(Exception):
    """A component has more imports or exports than this host reads."""


cdef class Items:
    """Named items: of a component's imports or exports, or of one interface among them."""

    def __init__(self):
        self.functions = {}
        self.interfaces = {}
        self.resources = {}
        self.unsupported = {}
        self.named = []
        self.others = ()


cdef class _Resources:
    """Numbers the distinct resources of a component, from 1 up."""

    def __dealloc__(self):
        for i in range(self.count):
            api.resource_type_delete(self.handles[i])
        free(self.handles)

    cdef int number(self, void* resource) except -1:
        cdef int i
        for i in range(self.count):
            if api.resource_type_equal(self.handles[i], resource):
                return i + 1
        cdef void** grown = <void**>realloc(self.handles, (self.count + 1) * sizeof(void*))
        if grown == NULL:
            raise MemoryError()
        self.handles = grown
        self.handles[self.count] = api.resource_type_clone(resource)
        self.count += 1
        return self.count


cdef class _Reader:
    cdef void* engine
    cdef _Resources resources
    cdef long budget
    cdef long nodes

    cdef Type take(self, ValType* t, int depth):
        """The type, which is freed."""
        try:
            return self.read(t, depth)
        finally:
            api.valtype_delete(t)

    cdef Type read(self, ValType* t, int depth):
        cdef Type scalar = SCALARS.get(t.kind)
        self.spend(1)
        if depth >= DEPTH_MAX:
            raise _Unsupported(f"its types are more than {DEPTH_MAX} deep")
        if scalar is not None:
            return scalar
        if t.kind in REFUSED:
            raise _Unsupported(f"{REFUSED[t.kind]} values are not supported")
        if t.kind == TYPE_OWN or t.kind == TYPE_BORROW:
            return Type("own" if t.kind == TYPE_OWN else "borrow", resource=self.resources.number(t.of))
        return self.compound(t, depth + 1)

    cdef int spend(self, size_t nodes) except -1:
        self.budget -= nodes
        self.nodes += nodes
        if self.budget < 0 or self.nodes > TYPE_NODES_MAX:
            raise _Unsupported(f"its types are larger than {TYPE_NODES_MAX} nodes, or {NODES_MAX} in all")
        return 0

    cdef str name(self, const char* data, size_t size):
        self.spend(size // NAME_BYTES)
        return data[:size].decode()

    cdef Type compound(self, ValType* t, int depth):
        cdef ValType below, other
        if t.kind == TYPE_LIST:
            api.list_element(t.of, &below)
            return Type("list", [self.take(&below, depth)])
        if t.kind == TYPE_OPTION:
            api.option_type(t.of, &below)
            return Type("option", [self.take(&below, depth)])
        if t.kind == TYPE_RESULT:
            ok = self.take(&below, depth) if api.result_ok(t.of, &below) else None
            error = self.take(&below, depth) if api.result_err(t.of, &below) else None
            return Type("result", [ok, error])
        if t.kind == TYPE_MAP:
            api.map_key(t.of, &below)
            key = self.take(&below, depth)
            api.map_value(t.of, &other)
            return Type("map", [key, self.take(&other, depth)])
        if t.kind == TYPE_TUPLE:
            return self.tuple_type(t.of, depth)
        if t.kind == TYPE_RECORD:
            return self.record_type(t.of, depth)
        if t.kind == TYPE_VARIANT:
            return self.variant_type(t.of, depth)
        if t.kind == TYPE_ENUM or t.kind == TYPE_FLAGS:
            return self.names_type(t)
        raise _Unsupported(f"a value type of kind {t.kind} is not supported")

    cdef Type tuple_type(self, void* t, int depth):
        cdef ValType below
        types = []
        for i in range(api.tuple_count(t)):
            self.spend(i // STRIDE)
            api.tuple_nth(t, i, &below)
            types.append(self.take(&below, depth))
        return Type("tuple", types)

    cdef Type record_type(self, void* t, int depth):
        cdef ValType below
        cdef const char* name
        cdef size_t size
        names, types = [], []
        for i in range(api.record_count(t)):
            self.spend(i // STRIDE)
            api.record_nth(t, i, &name, &size, &below)
            types.append(self.take(&below, depth))
            names.append(self.name(name, size))
        return Type("record", types, names)

    cdef Type variant_type(self, void* t, int depth):
        cdef ValType below
        cdef const char* name
        cdef size_t size
        cdef uint8_t has_payload
        names, types = [], []
        for i in range(api.variant_count(t)):
            self.spend(1 + i // STRIDE)
            api.variant_nth(t, i, &name, &size, &has_payload, &below)
            types.append(self.take(&below, depth) if has_payload else None)
            names.append(self.name(name, size))
        return Type("variant", types, names)

    cdef Type names_type(self, ValType* t):
        cdef const char* name
        cdef size_t size
        names = []
        for i in range(api.enum_count(t.of) if t.kind == TYPE_ENUM else api.flags_count(t.of)):
            self.spend(1 + i // STRIDE)
            if t.kind == TYPE_ENUM:
                api.enum_nth(t.of, i, &name, &size)
            else:
                api.flags_nth(t.of, i, &name, &size)
            names.append(self.name(name, size))
        return Type("enum" if t.kind == TYPE_ENUM else "flags", names=names)

    cdef FunctionType function(self, void* f):
        cdef ValType t
        cdef const char* name
        cdef size_t size
        params = []
        self.nodes = 0
        for i in range(api.func_type_params(f)):
            api.func_type_param(f, i, &name, &size, &t)
            kind = self.take(&t, 0)
            params.append((self.name(name, size), kind))
        result = self.take(&t, 0) if api.func_type_result(f, &t) else None
        return FunctionType(params, result, bool(api.func_type_async(f)))

    cdef int put(self, Items items, str name, void* extern_, int depth) except -1:
        """Add one named item; the handle to it is freed."""
        cdef Item item
        memset(&item, 0, sizeof(Item))
        api.extern_type(extern_, &item)
        try:
            if item.kind == ITEM_FUNCTION:
                items.functions[name] = self.function(item.of.pointer)
            elif item.kind == ITEM_INSTANCE:
                items.interfaces[name] = self.interface(item.of.pointer, depth + 1)
            elif item.kind == ITEM_RESOURCE:
                items.resources[name] = self.resources.number(item.of.pointer)
            elif item.kind == ITEM_TYPE:
                items.named.append(name)
            else:
                items.unsupported[name] = "components and core modules as imports or exports are not supported"
        except _Unsupported as error:
            items.unsupported[name] = str(error)
        finally:
            api.item_delete(&item)
            api.extern_delete(extern_)
        return 0

    cdef Items interface(self, void* t, int depth):
        cdef const char* name
        cdef size_t size
        cdef void* extern_
        items = Items()
        if depth > 4:
            raise _Unsupported("interfaces inside interfaces inside interfaces are not supported")
        if api.instance_count(t, self.engine) > ITEMS_MAX:
            raise _Unsupported(f"it has more than {ITEMS_MAX} items")
        for i in range(api.instance_count(t, self.engine)):
            self.spend_item(i)
            if api.instance_nth(t, self.engine, i, &name, &size, &extern_):
                self.put(items, name[:size].decode(), extern_, depth)
        items.others = tuple(items.named)
        return items

    cdef int spend_item(self, size_t i) except -1:
        """An interface can be exported under many names: its items are copied each time."""
        self.budget -= 1 + i // STRIDE
        if self.budget < 0:
            raise _Unsupported(f"its items and types are more than {NODES_MAX} in all")
        return 0


cdef tuple read_world(void* component_type, void* engine):
    """(imports, exports, _Resources) of a component type. Raises _TooManyItems."""
    cdef const char* name
    cdef size_t size
    cdef void* extern_
    cdef _Reader reader = _Reader()
    reader.engine = engine
    reader.resources = _Resources()
    reader.budget = NODES_MAX
    imports, exports = Items(), Items()
    if max(
        api.imports_count(component_type, engine), api.exports_count(component_type, engine)
    ) > <size_t>ITEMS_MAX:
        raise _TooManyItems(f"more than {ITEMS_MAX} imports or exports")
    for i in range(api.imports_count(component_type, engine)):
        if api.imports_nth(component_type, engine, i, &name, &size, &extern_):
            reader.put(imports, name[:size].decode(), extern_, 0)
    for i in range(api.exports_count(component_type, engine)):
        if api.exports_nth(component_type, engine, i, &name, &size, &extern_):
            reader.put(exports, name[:size].decode(), extern_, 0)
    imports.others = tuple(imports.named)
    exports.others = tuple(exports.named)
    return imports, exports, reader.resources
