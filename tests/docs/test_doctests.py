"""The examples in docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import tumorboard

OPTIONAL = {"idc_index_data", "sksurv", "timm", "torch", "safetensors"}
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = [
    module.name
    for module in pkgutil.walk_packages(tumorboard.__path__, "tumorboard.")
    if not module.name.endswith("__main__")  # importing it would run it
]


def load(name):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        pytest.skip(f"needs {error.name}")


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    failed, _ = doctest.testmod(load(name), optionflags=FLAGS, report=True)
    assert failed == 0, f"{failed} examples of {name} fail; the output above has each"


def test_examples_are_found():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = sum(len(found.examples) for name in MODULES for found in finder.find(load(name)))
    assert examples >= 20
