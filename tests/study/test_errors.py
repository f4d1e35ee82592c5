"""The tree of exceptions, its exit codes and its one-line messages."""

import inspect

import pytest

from tumorboard import errors
from tumorboard.errors import (
    CellFault,
    MissingExtraError,
    TableError,
    TumorboardError,
    UndefinedEstimateError,
    UserError,
)

EVERY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, TumorboardError)]


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_a_users_mistake_exits_with_2_and_all_else_with_1(kind):
    assert kind.exit_code == (2 if issubclass(kind, UserError) else 1)
    assert kind.__name__ in (errors.__doc__ or "")


def test_a_message_says_where_what_and_how_to_mend_it():
    assert str(UserError("no rows", where="a.csv", fix="Add one")) == "a.csv: no rows. Add one"
    assert str(UserError("no rows")) == "no rows"
    extra = MissingExtraError("idc-index-data", "archives", "the index")
    assert str(extra).endswith("pip install 'tumorboard[archives]'")
    assert UndefinedEstimateError("no pairs").reason == "no pairs"


def test_a_table_error_shows_the_first_fault_and_carries_all():
    faults = [CellFault("a.csv", row, "age", "x", "a number") for row in (2, 3, 4)]
    error = TableError(faults)
    assert error.faults == tuple(faults)
    assert str(error).startswith("a.csv, row 2, column age: 'x' is not allowed; allowed: a number")
    assert "2 more bad cells" in str(error)
    assert "more" not in str(TableError(faults[:1]))
    assert CellFault("a.csv", None, "age", "x", "y").line().startswith("a.csv, column age:")
    with pytest.raises(ValueError, match="at least one"):
        TableError([])
