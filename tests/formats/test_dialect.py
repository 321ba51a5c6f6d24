"""Cells: what is a number, and what would become another one."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.formats.dialect import read_cells
from include.registry.rows import FileFormat
from tests.support.opened import CELLS

FORMAT = FileFormat(**{**CELLS, "null_tokens": "NA"})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9007199254740992", 9007199254740992.0),
        ("-9007199254740992", -9007199254740992.0),
        ("9007199254740993", None),
        ("9223372036854775807", None),
        ("18446744073709551615", None),
        ("18446744073709551616", 18446744073709551616.0),
        ("00000000000000000001", 1.0),
        ("0.12345678901234567890", 0.12345678901234567890),
        ("NaN", None),
        ("Infinity", None),
        ("-inf", None),
        ("1e999", None),
        ("true", None),
    ],
)
def test_a_text_is_a_number_or_unreadable_and_never_another_number(
    text: str, number: float | None
) -> None:
    cells = read_cells(pa.array([text, "NA", ""]), FORMAT)
    assert cells.numbers.to_pylist() == [number, None, None]
    assert cells.unreadable.to_pylist() == [None if number is not None else text, None, None]
    assert cells.foreign.to_pylist() == [False] * 3
    assert cells.nulls == 2


@given(st.lists(st.integers(-(10**25), 10**25), min_size=1, max_size=20))
def test_an_integer_is_read_as_itself(numbers: list[int]) -> None:
    cells = read_cells(pa.array([str(number) for number in numbers]), FORMAT)
    for number, value, text in zip(
        numbers, cells.numbers.to_pylist(), cells.unreadable.to_pylist(), strict=True
    ):
        assert (int(value) if text is None else int(text)) == number


GROUPED = FORMAT.model_copy(update={"decimal_mark": ",", "thousands_mark": "."})


@given(st.integers(-(10**25), 10**25), st.integers(0, 99))
def test_groups_of_three_digits_are_read_as_the_number_that_they_write(
    whole: int, hundredths: int
) -> None:
    text = f"{whole:,}".replace(",", ".")
    cells = read_cells(pa.array([text, f"{text},{hundredths:02d}"]), GROUPED)
    first, second = cells.numbers.to_pylist()
    assert (first == whole) if first is not None else float(whole) != whole
    if abs(whole) < 10**12:
        sign = "-" if whole < 0 else ""
        assert second == float(f"{sign}{abs(whole)}.{hundredths:02d}")


@pytest.mark.parametrize("text", ["1.23", "12.34.567", "1234.567", ".123", "1.234.56", "1,234.567"])
def test_marks_that_group_no_three_digits_make_a_foreign_number(text: str) -> None:
    cells = read_cells(pa.array([text]), GROUPED)
    assert cells.numbers.to_pylist() == [None]
    assert cells.foreign.to_pylist() == [True]
