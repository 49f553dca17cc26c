"""The compiled core: pure functions and handles over bytes, numbers and callables."""
