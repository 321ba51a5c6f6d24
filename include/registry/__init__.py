"""The seeds as typed, cross-checked rows: what exists, and how it is meant."""

from include.registry.registry import Registry, load_registry

__all__ = ["Registry", "load_registry"]
