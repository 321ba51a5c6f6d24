"""A forecast knows what was known, and says so when it is no better than last week."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from benchmarks.forecasts import fill
from benchmarks.year import FIRST, beside, energy, presence, weather, year
from include.forecasting import forecast as forecasting
from include.forecasting.forecast import Task, forecast

DAYS = 70
LAST = FIRST + DAYS * 24 - 1


@pytest.fixture
def issued(tmp_path: Path) -> Callable[..., dict[str, pa.Table]]:
    """What is made of series, with models that other calls of the test may have trained."""

    def make(
        known: pa.Table, outside: pa.Table | None = None, *, ahead: int = 24, minutes: int = 60,
        zone: str = "Europe/Prague", **more: pa.Table,
    ) -> dict[str, pa.Table]:  # fmt: skip
        with duckdb.connect(config={"threads": 1}) as database:
            fill(database, {"known": known, **more} | ({"outside": outside} if outside else {}))
            last = pc.max(known["slot"]).as_py()
            models = tmp_path / "models"
            forecast(database, Task(ahead, 4, last, zone, models, minutes, minutes < 60))
            return {name: database.table(name).to_arrow_table() for name in ("expected", "quality")}

    return make


def upto(table: pa.Table, slot: int, column: str = "slot") -> pa.Table:
    return table.filter(pc.less_equal(table[column], slot))


def poisoned(table: pa.Table, after: int, column: str = "slot") -> pa.Table:
    """With other values where `column` is later."""
    value = pc.if_else(pc.greater(table[column], after), 1e6, table["value"])
    return table.set_column(table.column_names.index("value"), "value", value)


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


def test_presence_is_a_calibrated_probability(
    issued: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = listened(monkeypatch)
    made = issued(presence(12, DAYS), ahead=96, minutes=15)
    rows = made["quality"].to_pylist()
    brier = {
        (first, method): [
            row["brier"] for row in rows if (row["first_horizon"], row["method"]) == (first, method)
        ]
        for first in (1, 2, 4, 7, 13, 25, 49)
        for method in ("lightgbm", "persistence", "last_week")
    }
    means = {name: sum(found) / len(found) for name, found in brier.items()}
    for first in (1, 2, 4, 7, 13, 25, 49):
        assert means[first, "lightgbm"] < min(
            means[first, name] for name in ("persistence", "last_week")
        )
    expected = made["expected"].to_pylist()
    assert all(0 <= row["value"] <= 1 and row["width_80"] is None for row in expected)
    found = pa.concat_tables(tried)
    said, actual = (found[name].to_numpy() for name in ("lightgbm", "actual"))
    for low in (0, 0.2, 0.4, 0.6, 0.8):
        within = (said >= low) & (said < low + 0.2) & ~np.isnan(actual)
        assert abs(said[within].mean() - actual[within].mean()) < 0.08


def test_neighbours_and_the_weather_that_was_forecast_help_where_they_do(issued: Callable) -> None:
    """A room that follows the one beside it; an amount that follows tomorrow's weather."""
    known, outside = year(2, DAYS)
    leader = known.filter(pc.equal(known["series"], 0))
    follower = {
        "series": pa.array([1] * leader.num_rows), "slot": pc.add(leader["slot"], 2),
        "value": leader["value"],
    }  # fmt: skip
    both = upto(pa.concat_tables([leader, pa.table(follower)]), LAST)
    pair = pa.table({"series": [1], "other": [0]})
    rows = issued(both, neighbours=pair)["quality"].to_pylist()
    mae = {(row["series"], row["first_horizon"], row["method"]): row["mae"] for row in rows}
    assert mae[1, 1, "lightgbm_neighbours"] < 0.8 * mae[1, 1, "lightgbm"]
    [served] = [r for r in rows if r["is_served"] and (r["series"], r["first_horizon"]) == (1, 1)]
    assert served["method"] == "lightgbm_neighbours"

    moved = pc.add(pc.multiply(outside["value"], -1), 50)
    heating = pa.table({"series": [0] * len(moved), "slot": outside["slot"], "value": moved})
    errors = [
        [row["mae"] for row in made["quality"].to_pylist() if row["method"] == "lightgbm"]
        for made in (issued(heating), issued(heating, foreseen=weather(outside)))
    ]
    assert sum(errors[1]) < 0.95 * sum(errors[0])


def listened(monkeypatch: pytest.MonkeyPatch) -> list[pa.Table]:
    """What methods will have said."""
    tried: list[pa.Table] = []
    say = forecasting._said

    def listen(cases: pa.Table, models: forecasting.Models) -> pa.Table:
        tried.append(say(cases, models))
        return tried[-1]

    monkeypatch.setattr(forecasting, "_said", listen)
    return tried


def test_the_future_is_not_known(issued: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes after an issue, what was said then is the same; also by models of the past."""
    known, outside = year(4, DAYS)
    foreseen = weather(outside)
    middle = LAST - 5 * 24
    tried = listened(monkeypatch)
    said = []
    for values, forecasts in (
        (known, foreseen),
        (poisoned(known, middle), poisoned(foreseen, middle, "known_from")),
    ):
        tried.clear()
        issued(values, outside, neighbours=beside(4), foreseen=forecasts)
        before = pa.concat_tables(one.drop_columns(["actual"]) for one in tried)
        said.append(before.filter(pc.less_equal(before["slot"], middle)))
    assert said[0] == said[1] and said[0].num_rows > 1000
    assert {"lightgbm", "lightgbm_neighbours"} <= set(said[0].column_names)
    cut = [
        issued(
            upto(values, middle), upto(around, middle), neighbours=beside(4),
            foreseen=upto(forecasts, middle, "known_from"),
        )["expected"]
        for values, around, forecasts in (
            (known, outside, foreseen),
            tuple(poisoned(table, middle, column) for table, column in (
                (known, "slot"), (outside, "slot"), (foreseen, "known_from"))),
        )
    ]  # fmt: skip
    assert cut[0] == cut[1]


def test_no_series_reaches_into_another(issued: Callable) -> None:
    """Baselines and features of a series stay while another one's values are others."""
    known, outside = year(3, 10)
    other = pc.if_else(pc.equal(known["series"], 1), 99.0, known["value"])
    changed = pa.table({"series": known["series"], "slot": known["slot"], "value": other})
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
    hours, series = known["slot"], known["series"]
    end = pc.max(hours).as_py()
    gone = pc.and_(pc.equal(series, 1), pc.greater(hours, end - 48))
    gap = pc.and_(
        pc.equal(series, 2), pc.and_(pc.greater(hours, end - 400), pc.less(hours, end - 230))
    )
    short = pc.and_(pc.equal(series, 4), pc.less(hours, end - 72))
    kept = pc.invert(pc.or_(pc.or_(gone, gap), short))
    value = pc.if_else(pc.equal(series, 3), 20.0, known["value"])
    odd = pa.table({"series": series, "slot": hours, "value": value}).filter(kept)
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
