"""The collections and other resources, one module each, found by their name: each module has a `router`."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def modules() -> list[ModuleType]:
    return [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
