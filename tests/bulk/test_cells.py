"""Cells that a spreadsheet must not run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.usecases.bulk.cells import escaped, unescaped


@pytest.mark.parametrize("cell", ["=1+1", "+44 20", "-5", "@SUM(A1)", "\t=1", "\r\n=1", "  =1", "＝1", "'=1", "''@x"])
def test_formula_gets_an_apostrophe_and_comes_back(cell: str) -> None:
    assert escaped(cell) == f"'{cell}"
    assert unescaped(escaped(cell)) == cell


@pytest.mark.parametrize("cell", ["", "Toft Stores", "O'Neill", "'tis", "1-2", "a=b"])
def test_plain_cell_stays_as_it_is(cell: str) -> None:
    assert escaped(cell) == unescaped(cell) == cell


@given(st.text(alphabet="=+-@'\t\r\n a1＝", max_size=6))
def test_every_cell_survives_the_way_there_and_back(cell: str) -> None:
    assert unescaped(escaped(cell)) == cell
