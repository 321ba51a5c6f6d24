"""A model of all series of a forecast together: LightGBM on what was known at the issue."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.core import files
from include.core.errors import DamagedFile

ROUNDS = 100
# one thread: equal inputs are equal bytes on every machine
PARAMETERS = {
    "objective": "l2",
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_data_in_leaf": 50,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 1,
    "verbose": -1,
}
NOT_FEATURES = ("series", "hour", "actual", "last")
Floats = npt.NDArray[np.float64]


def is_available() -> bool:
    """Whether the library is installed (the extra `forecast`)."""
    try:
        import lightgbm  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


class Model:
    """A trained model; changes grow with the horizon, so it learns them in what is usual there."""

    def __init__(self, text: str, usual: dict[int, float]) -> None:
        import lightgbm  # takes a second  # noqa: PLC0415

        self._booster = lightgbm.Booster(model_str=text)
        self._usual = usual

    @classmethod
    def of(cls, cases: Callable[[], pa.Table], inputs: str, folder: Path) -> "Model":
        """The model of these cases: trained now, or read where it was before.

        Args:
            cases: with the columns of cases.sql, `actual` among them.
            inputs: names all that the cases depend on.
            folder: where models are kept, each by the hash of what it was trained on.
        """
        facts = json.dumps([inputs, PARAMETERS, ROUNDS])
        path = folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.json"
        try:
            kept = files.read_sealed(path)
        except (FileNotFoundError, DamagedFile):
            kept = _trained(cases())
            files.write_sealed(path, kept)
        usual = {int(horizon): value for horizon, value in kept["usual"].items()}
        return cls(kept["model"], usual)

    def predict(self, cases: pa.Table) -> Floats:
        """What comes, for each case."""
        change = np.asarray(self._booster.predict(_features(cases), num_threads=1))
        return _column(cases, "last") + change * _usual_of(cases, self._usual)


def _trained(cases: pa.Table) -> dict[str, object]:
    import lightgbm  # noqa: PLC0415

    change = _column(cases, "actual") - _column(cases, "last")
    horizons = _column(cases, "horizon")
    usual = {
        int(horizon): float(np.abs(change[horizons == horizon]).mean()) or 1.0
        for horizon in np.unique(horizons)
    }
    data = lightgbm.Dataset(_features(cases), change / _usual_of(cases, usual))
    booster = lightgbm.train(dict(PARAMETERS), data, num_boost_round=ROUNDS)
    return {"model": booster.model_to_string(), "usual": usual}


def _usual_of(cases: pa.Table, usual: dict[int, float]) -> Floats:
    return np.interp(_column(cases, "horizon"), sorted(usual), [usual[h] for h in sorted(usual)])


def _features(cases: pa.Table) -> npt.NDArray[np.float32]:
    names = [name for name in cases.column_names if name not in NOT_FEATURES]
    return np.column_stack([_column(cases, name).astype(np.float32) for name in names])


def _column(cases: pa.Table, name: str) -> Floats:
    return np.asarray(cases[name].cast(pa.float64()).to_numpy(zero_copy_only=False))
