"""Importing timm where torchvision is missing or broken.

timm asks for torchvision as it is imported, in ``timm.layers`` (a class for frozen batch normalisation) and
``timm.data`` (transforms and data sets), so that without it none of its networks can be made. This program uses its
networks and their recorded preparation, and neither of these. Where torchvision cannot be imported (it must match
PyTorch's build, and often does not), empty classes stand in for it while timm is imported, and are taken away again.
Whatever would need one of them says so when it is made.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from tumorboard.errors import MissingExtraError, SettingsError

_ABSENT = "torchvision"
_lock = threading.Lock()


def import_timm(purpose: str = "Extracting features with a network of timm") -> ModuleType:
    """Import timm.

    Parameters
    ----------
    purpose : str
        What it is needed for, for the message where it is missing.

    Returns
    -------
    module

    Raises
    ------
    MissingExtraError
        timm is not installed.
    """
    if importlib.util.find_spec("timm") is None:
        raise MissingExtraError("timm", "encoders", purpose)
    with _lock:
        if "timm.data" in sys.modules:
            return sys.modules["timm"]
        if _imports(_ABSENT):
            importlib.import_module("timm.data")
        else:
            with _stand_in():
                importlib.import_module("timm.data")
        return sys.modules["timm"]


def _imports(name: str) -> bool:
    try:
        importlib.import_module(name)
    except (ImportError, RuntimeError, OSError, AttributeError):  # a wheel for another build of PyTorch raises any
        return False
    return True


@contextmanager
def _stand_in() -> Iterator[None]:
    """Have every import from torchvision succeed, within this block."""
    _forget()
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == _ABSENT]:
        del sys.modules[name]


class _Finder(MetaPathFinder, Loader):
    """Finds any module of torchvision."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if fullname.partition(".")[0] == _ABSENT else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = []


class _Module(ModuleType):
    """A module that has a class of every name with a capital; for any other name the import looks for a module."""

    def __getattr__(self, name: str) -> type:
        if not name[0].isupper():
            raise AttributeError(name)
        return _class_without_content(f"{self.__name__}.{name}")

    def __call__(self, *_: object, **__: object) -> None:
        raise _needed(self.__name__)


def _class_without_content(full_name: str) -> type:
    """Return a class that can be derived from and compared with, but not made."""
    from torch import nn

    class Kind(type(nn.Module)):  # type: ignore[misc]
        def __getattr__(cls, name: str) -> str:
            if name.startswith("__"):
                raise AttributeError(name)
            return f"{full_name}.{name}"  # members of enumerations, each another value

    def refuse(_self: object, *_: object, **__: object) -> None:
        raise _needed(full_name)

    return Kind(full_name.rpartition(".")[2], (nn.Module,), {"__init__": refuse})


def _needed(full_name: str) -> SettingsError:
    return SettingsError(
        f"{full_name} is needed, and torchvision cannot be imported here",
        where="timm",
        fix="Install the torchvision that belongs to your PyTorch",
    )
