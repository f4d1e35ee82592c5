"""One piece of many fails: its reason in one line takes the result's place."""

from __future__ import annotations

import pytest

from tumorboard.errors import FileFormatError
from tumorboard.execution import Failure, attempt


def _refused() -> int:
    raise FileFormatError("the file is\nempty", where="a.svs", fix="Copy it again")


def _faulty() -> int:
    raise ZeroDivisionError("division by zero")


def test_a_result_is_given_back() -> None:
    assert attempt(lambda: 7, ()) == 7


def test_a_mistake_is_one_line_without_the_place_that_the_reader_knows() -> None:
    assert attempt(_refused, ("a.svs",)) == Failure("the file is empty. Copy it again")


def test_a_fault_of_the_program_is_told_as_such_and_raised_for_who_looks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TUMORBOARD_DEBUG", raising=False)
    told = attempt(_faulty, ())
    assert isinstance(told, Failure)
    assert "ZeroDivisionError" in told.reason
    monkeypatch.setenv("TUMORBOARD_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        attempt(_faulty, ())
