"""What to compile and what to ship. Everything else is in pyproject.toml."""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup

CORE = Path("core_ext/innkeeper_core")
# One switch, for the memory checks: every extension built with AddressSanitizer.
SANITIZE = ["-fsanitize=address", "-g", "-O1"] if os.environ.get("INNKEEPER_ASAN") else []

setup(
    ext_modules=cythonize(
        [
            Extension(
                f"innkeeper_core.{source.stem}",
                [str(source)],
                extra_compile_args=["-O2", "-Wno-unreachable-code", *SANITIZE],
                extra_link_args=SANITIZE,
                libraries=["dl", "pthread"],
            )
            for source in sorted(CORE.glob("*.pyx"))
        ],
        build_dir="build/cython-asan" if SANITIZE else "build/cython",
        compiler_directives={
            "language_level": 3,
            "auto_pickle": False,
            "autotestdict": False,
            "boundscheck": False,
            "wraparound": False,
            "embedsignature": False,
        },
    ),
    packages=[
        *find_packages("host"),
        *find_packages("core_ext"),
        "innkeeper.wit",
        "innkeeper.schemas",
    ],
    package_dir={
        "": "host",
        "innkeeper_core": "core_ext/innkeeper_core",
        "innkeeper.wit": "wit",
        "innkeeper.schemas": "schemas",
    },
    package_data={
        "innkeeper": ["py.typed"],
        "innkeeper.default_plugins": ["*.wasm"],
        "innkeeper.wit": ["**/*.wit"],
        "innkeeper.schemas": ["*.json"],
        "innkeeper_core": ["py.typed", "*.pyi", "*.pxd"],
    },
)
