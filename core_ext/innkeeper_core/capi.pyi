"""libwasmtime, found in the wasmtime wheel and bound once."""

VERSION_SERIES: str

class LibraryMismatch(ImportError):
    """The wasmtime library is missing, or is not the one that this core was written for."""

def open_library() -> str:
    """Bind libwasmtime, once, and return its version.

    Raises LibraryMismatch where the wheel is absent, of another series, lacks this platform's
    library, or lacks a function.
    """

def library_path() -> str:
    """The path of the library in the installed wheel."""

def wat_to_wasm(text: str) -> bytes:
    """The binary of a module or component in the text format. Raises ValueError."""
