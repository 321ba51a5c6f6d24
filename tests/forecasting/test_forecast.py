"""A forecast knows what was known, and says so when it is no better than last week."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from benchmarks.year import FIRST, energy, year
from include.forecasting import forecast as forecasting
from include.forecasting.forecast import Task, forecast
from include.forecasting.model import Model

DAYS = 70
LAST = FIRST + DAYS * 24 - 1


@pytest.fixture
def issued(tmp_path: Path) -> Callable[..., dict[str, pa.Table]]:
    """What is made of series, with models that other calls of the test may have trained."""

    def make(
        known: pa.Table, outside: pa.Table, hours: int = 24, zone: str = "Europe/Prague"
    ) -> dict[str, pa.Table]:
        with duckdb.connect(config={"threads": 1}) as database:
            database.register("given_known", known)
            database.register("given_outside", outside)
            database.execute("create table known as from given_known")
            database.execute("create table outside as from given_outside")
            last = pc.max(known["hour"]).as_py()
            forecast(database, Task(hours, 4, last, zone, tmp_path / "models"))
            return {name: database.table(name).to_arrow_table() for name in ("expected", "quality")}

    return make


def upto(table: pa.Table, hour: int) -> pa.Table:
    return table.filter(pc.less_equal(table["hour"], hour))


def test_a_model_beats_both_baselines_where_there_is_something_to_learn(issued: Callable) -> None:
    for known, outside in (year(6, DAYS), energy(6, DAYS)):
        quality = issued(known, outside)["quality"].group_by(["first_horizon", "method"])
        means = quality.aggregate(
            [(name, "mean") for name in ("mae", "mase", "coverage_80", "coverage_95")]
        )
        rows = {(row["first_horizon"], row["method"]): row for row in means.to_pylist()}
        assert {first for first, _ in rows} == {1, 2, 4, 7, 13}
        for first in (1, 2, 4, 7, 13):
            model = rows[first, "lightgbm"]
            others = [rows[first, name]["mae_mean"] for name in ("persistence", "last_week")]
            assert model["mae_mean"] < min(others) and model["mase_mean"] < 1
            assert 0.72 < model["coverage_80_mean"] < 0.88 and model["coverage_95_mean"] > 0.90


def test_the_same_inputs_give_the_same_bytes_in_any_order_and_without_kept_models(
    issued: Callable, tmp_path: Path
) -> None:
    known, outside = year(4, DAYS)
    first = issued(known, outside)
    shuffled = known.sort_by([("value", "ascending")])
    assert issued(shuffled, outside) == first
    for path in (tmp_path / "models").glob("*.json"):
        path.write_text("damaged")
    assert issued(known, outside) == first, "damaged models are trained again"
    assert len(list((tmp_path / "models").glob("*.json"))) == 4


def test_the_future_is_not_known(issued: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes after an issue, what was said then is the same; also by models of the past."""
    known, outside = year(4, DAYS)
    middle = LAST - 5 * 24
    poisoned = {
        "series": known["series"], "hour": known["hour"],
        "value": pc.if_else(pc.greater(known["hour"], middle), 1e6, known["value"]),
    }  # fmt: skip
    tried: list[pa.Table] = []
    say = forecasting._said

    def listened(cases: pa.Table, model: Model | None) -> pa.Table:
        tried.append(say(cases, model))
        return tried[-1]

    monkeypatch.setattr(forecasting, "_said", listened)
    said = []
    for table in (known, pa.table(poisoned)):
        tried.clear()
        issued(table, outside)
        before = pa.concat_tables(one.drop_columns(["actual"]) for one in tried)
        said.append(before.filter(pc.less_equal(before["hour"], middle)))
    assert said[0] == said[1] and said[0].num_rows > 1000
    cut = [
        issued(upto(table, middle), weather)["expected"]
        for table, weather in ((known, outside), (pa.table(poisoned), upto(outside, middle)))
    ]
    assert cut[0] == cut[1]


def test_no_series_reaches_into_another(issued: Callable) -> None:
    """Baselines and features of a series stay while another one's values are others."""
    known, outside = year(3, 10)
    other = pc.if_else(pc.equal(known["series"], 1), 99.0, known["value"])
    changed = pa.table({"series": known["series"], "hour": known["hour"], "value": other})
    rows = [
        [row for row in issued(table, outside)["expected"].to_pylist() if row["series"] != 1]
        for table in (known, changed)
    ]
    assert rows[0] == rows[1] and rows[0]


@pytest.mark.parametrize("zone", ["Europe/Prague", "Pacific/Auckland"])
def test_odd_series_get_a_baseline_or_nothing_and_the_others_go_on(
    issued: Callable, zone: str
) -> None:
    """A source that stopped, a gap of a week, a constant, three days; the issue is in the night of a
    clock change.
    """
    known, outside = year(5, 91)  # to 2024-03-31 23:00 UTC
    hours, series = known["hour"], known["series"]
    end = pc.max(hours).as_py()
    gone = pc.and_(pc.equal(series, 1), pc.greater(hours, end - 48))
    gap = pc.and_(
        pc.equal(series, 2), pc.and_(pc.greater(hours, end - 400), pc.less(hours, end - 230))
    )
    short = pc.and_(pc.equal(series, 4), pc.less(hours, end - 72))
    kept = pc.invert(pc.or_(pc.or_(gone, gap), short))
    value = pc.if_else(pc.equal(series, 3), 20.0, known["value"])
    odd = pa.table({"series": series, "hour": hours, "value": value}).filter(kept)
    made = issued(upto(odd, end - 21), outside, zone=zone)
    rows = made["expected"].to_pylist()
    assert {row["series"] for row in rows} == {0, 2, 3, 4}
    assert all(row["value"] == 20 for row in rows if row["series"] == 3)
    assert {row["horizon"] for row in rows if row["series"] == 2} == set(range(1, 25))
    assert all(row["width_80"] is None or row["width_80"] >= 0 for row in rows)


def test_three_days_of_one_series(issued: Callable) -> None:
    known, outside = year(1, 3)
    rows = issued(known, outside)["expected"].to_pylist()
    assert {row["method"] for row in rows} <= {"persistence"}
