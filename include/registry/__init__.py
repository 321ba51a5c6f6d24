"""The seeds as typed, cross-checked rows: what exists, and how it is meant."""

from include.registry.load import load_registry, registry_of
from include.registry.registry import Registry
from include.registry.run import Run

__all__ = ["Registry", "Run", "load_registry", "registry_of"]
