"""Interfaces that the host offers to guests, one module each."""
