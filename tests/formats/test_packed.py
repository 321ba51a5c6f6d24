"""What names and times of a pack's files say, without a drive."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from include.core.rclone import RemoteFile
from include.core.settings import SEEDS
from include.formats.packed import PackedFiles
from include.registry import load_registry
from include.sources.packs import pack_of
from include.sources.sync import new_among

NOON = np.datetime64("2023-10-28T12:00", "us")


def packed(*stamps: str | None, order: tuple[int, ...] = ()) -> PackedFiles:
    places = np.array(order or range(len(stamps)), np.int64)
    return PackedFiles(places, pa.array(stamps, pa.string()), np.array([NOON] * len(stamps)))


def test_only_records_of_one_series_compete() -> None:
    """Three devices write at one time; one of them twice, under names in the other order."""
    files = packed(None, None, None, None, order=(3, 1, 2, 0))
    newest = files.is_newest(
        np.array([NOON] * 4), np.array([0, 1, 2, 0]), np.array([1, 2, 3, 4], np.int64)
    )
    assert newest.tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("own", "named", "is_replaced"),
    [
        ("28.10.2023 08:04", "28.10.2023 08:00", False),
        ("28.10.2023 08:06", "28.10.2023 08:00", True),
        ("", "28.10.2023 08:00", True),
        ("28.10.2023 06:00:37Z", "28.10.2023 08:00", False),  # of the same minute, in Zurich
        ("28.10.2023 08:00:37Z", "28.10.2023 08:00", True),
        ("28.10.2023 08:06", None, False),
    ],
)
def test_a_time_is_replaced_by_that_of_the_name_if_it_is_far(
    own: str, named: str | None, is_replaced: bool
) -> None:
    texts, replaced = packed(named).dated(
        pa.array([own]), np.array([1]), "%d.%m.%Y", "Europe/Zurich", timedelta(minutes=5)
    )
    assert replaced.tolist() == [is_replaced]
    assert texts.to_pylist() == [named if is_replaced else own]


def test_a_name_without_its_device_is_of_the_pack_of_the_day() -> None:
    source = load_registry(SEEDS).datasource("sm2_thermopro")
    pattern = r"regex:(?P<day>\d{8})(_(?P<device>\w+))?\.json"
    source = source.model_copy(update={"file_pattern": pattern})
    assert pack_of(source, "a/20260101_hall.json") == "20260101/hall"
    assert pack_of(source, "20260101.json") == "20260101"


def test_a_new_file_comes_with_the_known_one_of_its_name() -> None:
    known, new, other = (RemoteFile(name, 1, "2026") for name in ("a", "a", "b"))
    assert new_among([known, new, other], lambda file: file is not new) == [known, new]
