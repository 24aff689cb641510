"""Stores with one text of their source changed, in the place of the real ones.

Worker processes get the same mutant by the environment.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

_PACKAGE: Final = "contacts_adapters"
_KEPT: Final = f"{_PACKAGE}.registry"  # it imports the stores when they are opened
_VARIABLES: Final = ("MUTANT_MODULE", "MUTANT_OLD", "MUTANT_NEW")


@contextmanager
def mutated(module: str, old: str, new: str) -> Iterator[None]:
    """Until the end, stores are opened that have *new* for *old* in this module."""
    originals = _forget()
    os.environ.update(zip(_VARIABLES, (module, old, new), strict=True))
    try:
        _install(module, old, new)
        yield
    finally:
        for name in _VARIABLES:
            del os.environ[name]
        _forget()
        for name, original in sorted(originals.items()):  # a package before its modules
            _put(name, original)


def install_from_environment() -> None:
    """For worker processes."""
    if _VARIABLES[0] in os.environ:
        _install(*(os.environ[name] for name in _VARIABLES))


def _forget() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.startswith(f"{_PACKAGE}.") and name != _KEPT]
    for name in names:
        # `from . import` looks here first.
        parent, _, child = name.rpartition(".")
        vars(sys.modules[parent]).pop(child, None)
    return {name: sys.modules.pop(name) for name in names}


def _put(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)


def _install(module: str, old: str, new: str) -> None:
    name = f"{_PACKAGE}.{module}"
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name=name)
    source = Path(spec.origin).read_text(encoding="utf-8")
    if old not in source:
        raise ValueError(f"{name} has no text {old!r} to change")
    mutant = ModuleType(name)
    mutant.__package__ = _PACKAGE
    _put(name, mutant)
    exec(compile(source.replace(old, new), f"<mutant of {name}>", "exec"), mutant.__dict__)
