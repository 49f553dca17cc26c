"""libwasmtime, found in the wasmtime wheel and bound once: its C API as one table of functions.

The wasmtime package itself is not imported (its ctypes classes cost 50-90 ms). A library of another
version, or one whose symbols or layouts differ, is one clear error: `open_library`.
"""

import importlib.util
import os
import platform
import sys
from pathlib import Path

cdef extern from "dlfcn.h" nogil:
    void* dlopen(const char*, int)
    void* dlsym(void*, const char*)
    char* dlerror()
    int RTLD_NOW
    int RTLD_LOCAL

VERSION_SERIES = "50.0"  # layouts are checked against this series alone

cdef bint loaded = False
cdef str version = ""


class LibraryMismatch(ImportError):
    """The wasmtime library is missing, or is not the one that this core was written for."""


def open_library():
    """Bind libwasmtime, once. Returns its version.

    Raises LibraryMismatch where the wheel is absent, of another series, lacks this platform's
    library, or lacks a function.
    """
    global loaded, version
    if not loaded:
        found = _installed_version()
        path = _library_path()
        _bind(path)
        _check_layouts()
        version = found
        loaded = True
    return version


def library_path():
    """The path of the library in the installed wheel, as str."""
    return str(_library_path())


def wat_to_wasm(str text):
    """The binary of a module or component in the text format. Raises ValueError."""
    cdef Name out
    cdef bytes source = text.encode()
    require()
    cdef void* error = api.wat2wasm(source, len(source), &out)
    if error != NULL:
        raise ValueError(take_message(error))
    try:
        return <bytes>out.data[:out.size]
    finally:
        api.bytes_delete(&out)


cdef int require() except -1:
    if not loaded:
        open_library()
    return 0


cdef str take_message(void* error):
    """The text of an error, which is freed."""
    cdef Name text
    api.error_message(error, &text)
    try:
        return (<bytes>text.data[:text.size]).decode("utf-8", "replace")
    finally:
        api.bytes_delete(&text)
        api.error_delete(error)


def _installed_version():
    """From the name of the wheel's own folder: importlib.metadata costs every start 9 ms."""
    folder = Path(_origin()).parents[1]
    names = [name for name in os.listdir(folder) if name.startswith("wasmtime-") and name.endswith(".dist-info")]
    if len(names) == 1:
        found = names[0].removeprefix("wasmtime-").removesuffix(".dist-info")
    else:
        import importlib.metadata

        found = importlib.metadata.version("wasmtime")
    if not found.startswith(VERSION_SERIES + "."):
        raise LibraryMismatch(
            f"wasmtime {found} is installed; this core is written for {VERSION_SERIES}.x: "
            f"pip install 'wasmtime~={VERSION_SERIES}'"
        )
    return found


def _origin():
    spec = importlib.util.find_spec("wasmtime")
    if spec is None or spec.origin is None:
        raise LibraryMismatch("the wasmtime wheel is not installed: pip install 'wasmtime~=50.0'")
    return spec.origin


def _library_path():
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    folder = Path(_origin()).parent / f"{sys.platform}-{machine}"
    path = folder / ("_libwasmtime.dylib" if sys.platform == "darwin" else "_libwasmtime.so")
    if not path.exists():
        raise LibraryMismatch(f"the wasmtime wheel has no library for {sys.platform}-{machine}: {path}")
    return path


def _bind(path):
    cdef bytes name = str(path).encode()
    cdef void* handle = dlopen(name, RTLD_NOW | RTLD_LOCAL)
    if handle == NULL:
        raise LibraryMismatch(f"{path}: {dlerror().decode(errors='replace')}")
    # Two threads may both come here: the second writes what is there already, under the first's feet.
    bind(handle, b"wasmtime_error_delete", <void**>&api.error_delete)
    bind(handle, b"wasmtime_error_message", <void**>&api.error_message)
    bind(handle, b"wasm_byte_vec_new", <void**>&api.bytes_new)
    bind(handle, b"wasm_byte_vec_delete", <void**>&api.bytes_delete)
    bind(handle, b"wasmtime_wat2wasm", <void**>&api.wat2wasm)
    bind(handle, b"wasm_config_new", <void**>&api.config_new)
    bind(handle, b"wasm_config_delete", <void**>&api.config_delete)
    bind(handle, b"wasmtime_config_epoch_interruption_set", <void**>&api.config_epoch)
    bind(handle, b"wasmtime_config_consume_fuel_set", <void**>&api.config_fuel)
    bind(handle, b"wasmtime_config_concurrency_support_set", <void**>&api.config_concurrency)
    bind(handle, b"wasmtime_config_wasm_component_model_async_set", <void**>&api.config_async)
    bind(handle, b"wasmtime_config_wasm_component_model_async_stackful_set", <void**>&api.config_async_stackful)
    bind(handle, b"wasmtime_config_wasm_component_model_more_async_builtins_set", <void**>&api.config_async_builtins)
    bind(handle, b"wasmtime_config_wasm_component_model_map_set", <void**>&api.config_map)
    bind(handle, b"wasmtime_config_parallel_compilation_set", <void**>&api.config_parallel)
    bind(handle, b"wasmtime_config_cranelift_opt_level_set", <void**>&api.config_opt_level)
    bind(handle, b"wasmtime_config_memory_init_cow_set", <void**>&api.config_init_cow)
    bind(handle, b"wasmtime_config_max_wasm_stack_set", <void**>&api.config_max_stack)
    bind(handle, b"wasmtime_config_async_stack_size_set", <void**>&api.config_async_stack)
    bind(handle, b"wasmtime_config_memory_reservation_set", <void**>&api.config_reservation)
    bind(handle, b"wasmtime_config_memory_guard_size_set", <void**>&api.config_guard)
    bind(handle, b"wasmtime_config_memory_reservation_for_growth_set", <void**>&api.config_growth)
    bind(handle, b"wasmtime_config_memory_may_move_set", <void**>&api.config_may_move)
    bind(handle, b"wasmtime_config_debug_info_set", <void**>&api.config_debug_info)
    bind(handle, b"wasmtime_config_native_unwind_info_set", <void**>&api.config_unwind_info)
    bind(handle, b"wasmtime_pooling_allocation_strategy_set", <void**>&api.config_pooling)
    bind(handle, b"wasmtime_pooling_allocation_config_new", <void**>&api.pooling_new)
    bind(handle, b"wasmtime_pooling_allocation_config_delete", <void**>&api.pooling_delete)
    bind(handle, b"wasmtime_pooling_allocation_config_total_component_instances_set", <void**>&api.pooling_component_instances)
    bind(handle, b"wasmtime_pooling_allocation_config_total_core_instances_set", <void**>&api.pooling_core_instances)
    bind(handle, b"wasmtime_pooling_allocation_config_total_memories_set", <void**>&api.pooling_memories)
    bind(handle, b"wasmtime_pooling_allocation_config_total_tables_set", <void**>&api.pooling_tables)
    bind(handle, b"wasmtime_pooling_allocation_config_total_stacks_set", <void**>&api.pooling_stacks)
    bind(handle, b"wasmtime_pooling_allocation_config_max_memory_size_set", <void**>&api.pooling_memory_size)
    bind(handle, b"wasmtime_pooling_allocation_config_table_elements_set", <void**>&api.pooling_table_elements)
    bind(handle, b"wasmtime_pooling_allocation_config_max_unused_warm_slots_set", <void**>&api.pooling_warm_slots)
    bind(handle, b"wasmtime_pooling_allocation_config_linear_memory_keep_resident_set", <void**>&api.pooling_memory_resident)
    bind(handle, b"wasmtime_pooling_allocation_config_table_keep_resident_set", <void**>&api.pooling_table_resident)
    bind(handle, b"wasmtime_pooling_allocation_config_async_stack_keep_resident_set", <void**>&api.pooling_stack_resident)
    bind(handle, b"wasmtime_pooling_allocation_config_max_component_instance_size_set", <void**>&api.pooling_component_size)
    bind(handle, b"wasmtime_pooling_allocation_config_max_core_instance_size_set", <void**>&api.pooling_core_size)
    bind(handle, b"wasmtime_pooling_allocation_config_max_memories_per_component_set", <void**>&api.pooling_memories_per_component)
    bind(handle, b"wasmtime_pooling_allocation_config_max_tables_per_component_set", <void**>&api.pooling_tables_per_component)
    bind(handle, b"wasmtime_pooling_allocation_config_max_core_instances_per_component_set", <void**>&api.pooling_core_instances_per_component)
    bind(handle, b"wasm_engine_new_with_config", <void**>&api.engine_new)
    bind(handle, b"wasm_engine_delete", <void**>&api.engine_delete)
    bind(handle, b"wasmtime_engine_increment_epoch", <void**>&api.engine_increment_epoch)
    bind(handle, b"wasmtime_store_new", <void**>&api.store_new)
    bind(handle, b"wasmtime_store_delete", <void**>&api.store_delete)
    bind(handle, b"wasmtime_store_context", <void**>&api.store_context)
    bind(handle, b"wasmtime_store_limiter", <void**>&api.store_limiter)
    bind(handle, b"wasmtime_context_get_data", <void**>&api.context_data)
    bind(handle, b"wasmtime_context_set_fuel", <void**>&api.context_set_fuel)
    bind(handle, b"wasmtime_context_get_fuel", <void**>&api.context_get_fuel)
    bind(handle, b"wasmtime_context_set_epoch_deadline", <void**>&api.context_epoch_deadline)
    bind(handle, b"wasmtime_context_epoch_deadline_async_yield_and_update", <void**>&api.context_epoch_yield)
    bind(handle, b"wasmtime_component_new", <void**>&api.component_new)
    bind(handle, b"wasmtime_component_delete", <void**>&api.component_delete)
    bind(handle, b"wasmtime_component_serialize", <void**>&api.component_serialize)
    bind(handle, b"wasmtime_component_deserialize_file", <void**>&api.component_deserialize_file)
    bind(handle, b"wasmtime_component_type", <void**>&api.component_type)
    bind(handle, b"wasmtime_component_get_export_index", <void**>&api.component_export_index)
    bind(handle, b"wasmtime_component_export_index_delete", <void**>&api.export_index_delete)
    bind(handle, b"wasmtime_component_type_delete", <void**>&api.component_type_delete)
    bind(handle, b"wasmtime_component_type_import_count", <void**>&api.imports_count)
    bind(handle, b"wasmtime_component_type_import_nth", <void**>&api.imports_nth)
    bind(handle, b"wasmtime_component_type_export_count", <void**>&api.exports_count)
    bind(handle, b"wasmtime_component_type_export_nth", <void**>&api.exports_nth)
    bind(handle, b"wasmtime_component_instance_type_export_count", <void**>&api.instance_count)
    bind(handle, b"wasmtime_component_instance_type_export_nth", <void**>&api.instance_nth)
    bind(handle, b"wasmtime_component_extern_type", <void**>&api.extern_type)
    bind(handle, b"wasmtime_component_extern_delete", <void**>&api.extern_delete)
    bind(handle, b"wasmtime_component_item_delete", <void**>&api.item_delete)
    bind(handle, b"wasmtime_component_func_type_async", <void**>&api.func_type_async)
    bind(handle, b"wasmtime_component_func_type_param_count", <void**>&api.func_type_params)
    bind(handle, b"wasmtime_component_func_type_param_nth", <void**>&api.func_type_param)
    bind(handle, b"wasmtime_component_func_type_result", <void**>&api.func_type_result)
    bind(handle, b"wasmtime_component_valtype_delete", <void**>&api.valtype_delete)
    bind(handle, b"wasmtime_component_list_type_element", <void**>&api.list_element)
    bind(handle, b"wasmtime_component_record_type_field_count", <void**>&api.record_count)
    bind(handle, b"wasmtime_component_record_type_field_nth", <void**>&api.record_nth)
    bind(handle, b"wasmtime_component_tuple_type_types_count", <void**>&api.tuple_count)
    bind(handle, b"wasmtime_component_tuple_type_types_nth", <void**>&api.tuple_nth)
    bind(handle, b"wasmtime_component_variant_type_case_count", <void**>&api.variant_count)
    bind(handle, b"wasmtime_component_variant_type_case_nth", <void**>&api.variant_nth)
    bind(handle, b"wasmtime_component_enum_type_names_count", <void**>&api.enum_count)
    bind(handle, b"wasmtime_component_enum_type_names_nth", <void**>&api.enum_nth)
    bind(handle, b"wasmtime_component_option_type_ty", <void**>&api.option_type)
    bind(handle, b"wasmtime_component_result_type_ok", <void**>&api.result_ok)
    bind(handle, b"wasmtime_component_result_type_err", <void**>&api.result_err)
    bind(handle, b"wasmtime_component_flags_type_names_count", <void**>&api.flags_count)
    bind(handle, b"wasmtime_component_flags_type_names_nth", <void**>&api.flags_nth)
    bind(handle, b"wasmtime_component_map_type_key", <void**>&api.map_key)
    bind(handle, b"wasmtime_component_map_type_value", <void**>&api.map_value)
    bind(handle, b"wasmtime_component_resource_type_equal", <void**>&api.resource_type_equal)
    bind(handle, b"wasmtime_component_resource_type_clone", <void**>&api.resource_type_clone)
    bind(handle, b"wasmtime_component_resource_type_delete", <void**>&api.resource_type_delete)
    bind(handle, b"wasmtime_component_resource_type_new_host", <void**>&api.resource_type_new)
    bind(handle, b"wasmtime_component_vallist_new_uninit", <void**>&api.list_new)
    bind(handle, b"wasmtime_component_valrecord_new_uninit", <void**>&api.record_new)
    bind(handle, b"wasmtime_component_valtuple_new_uninit", <void**>&api.tuple_new)
    bind(handle, b"wasmtime_component_valflags_new_uninit", <void**>&api.flags_new)
    bind(handle, b"wasmtime_component_valmap_new_uninit", <void**>&api.map_new)
    bind(handle, b"wasmtime_component_val_new", <void**>&api.val_new)
    bind(handle, b"wasmtime_component_val_clone", <void**>&api.val_clone)
    bind(handle, b"wasmtime_component_val_delete", <void**>&api.val_delete)
    bind(handle, b"wasmtime_component_resource_host_new", <void**>&api.host_new)
    bind(handle, b"wasmtime_component_resource_host_rep", <void**>&api.host_rep)
    bind(handle, b"wasmtime_component_resource_host_delete", <void**>&api.host_delete)
    bind(handle, b"wasmtime_component_resource_host_to_any", <void**>&api.host_to_any)
    bind(handle, b"wasmtime_component_resource_any_to_host", <void**>&api.any_to_host)
    bind(handle, b"wasmtime_component_resource_any_delete", <void**>&api.any_delete)
    bind(handle, b"wasmtime_component_linker_new", <void**>&api.linker_new)
    bind(handle, b"wasmtime_component_linker_delete", <void**>&api.linker_delete)
    bind(handle, b"wasmtime_component_linker_root", <void**>&api.linker_root)
    bind(handle, b"wasmtime_component_linker_instance_add_instance", <void**>&api.linker_instance)
    bind(handle, b"wasmtime_component_linker_instance_delete", <void**>&api.linker_instance_delete)
    bind(handle, b"wasmtime_component_linker_instance_add_func_async", <void**>&api.linker_function)
    bind(handle, b"wasmtime_component_linker_instance_add_resource", <void**>&api.linker_resource)
    bind(handle, b"wasmtime_component_linker_instantiate_async", <void**>&api.instantiate)
    bind(handle, b"wasmtime_component_instance_get_func", <void**>&api.instance_func)
    bind(handle, b"wasmtime_component_func_call_async", <void**>&api.call)
    bind(handle, b"wasmtime_call_future_poll", <void**>&api.poll)
    bind(handle, b"wasmtime_call_future_delete", <void**>&api.future_delete)


cdef int bind(void* handle, bytes symbol, void** slot) except -1:
    slot[0] = dlsym(handle, symbol)
    if slot[0] == NULL:
        raise LibraryMismatch(f"libwasmtime has no {symbol.decode()}: another version than {VERSION_SERIES}.x")
    return 0


def _check_layouts():
    expected = {"val": 32, "record entry": 48, "map entry": 64, "func": 32, "instance": 16, "valtype": 16, "item": 24}
    seen = {
        "val": sizeof(Val),
        "record entry": sizeof(ValField),
        "map entry": sizeof(ValPair),
        "func": sizeof(Func),
        "instance": sizeof(InstanceRef),
        "valtype": sizeof(ValType),
        "item": sizeof(Item),
    }
    if seen != expected:
        raise LibraryMismatch(f"the C compiler lays structures out as {seen}, libwasmtime as {expected}")
