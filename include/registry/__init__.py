"""The seeds as typed, cross-checked rows: what exists, and how it is meant."""

from include.registry.load import load_registry
from include.registry.registry import Registry

__all__ = ["Registry", "load_registry"]
