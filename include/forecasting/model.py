"""A model of all series of a forecast together: LightGBM on what was known at the issue."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.core import files
from include.core.errors import DamagedFile

ROUNDS = 100
# one thread: equal inputs are equal bytes on every machine
PARAMETERS = {
    "learning_rate": 0.1,
    "num_leaves": 15,
    "max_bin": 63,
    "min_data_in_leaf": 50,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 1,
    "verbose": -1,
}
OF_VALUES = PARAMETERS | {"objective": "l2"}
# the logarithmic loss: what it says is a probability
OF_PRESENCE = PARAMETERS | {"objective": "binary"}
Floats = npt.NDArray[np.float64]


def is_available() -> bool:
    """Whether the library is installed (the extra `forecast`)."""
    try:
        import lightgbm  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


class Model:
    """A trained model. Of values it learns changes, in units of what is usual at their horizon; of
    presence the probability.
    """

    def __init__(self, kept: dict[str, Any], trained_on: str) -> None:
        import lightgbm  # takes a second  # noqa: PLC0415

        self.trained_on = trained_on  # hash of all that it depends on
        self._booster = lightgbm.Booster(model_str=kept["model"])
        self._features: list[str] = kept["features"]
        self._usual = {int(horizon): value for horizon, value in kept["usual"].items()}

    @classmethod
    def of(
        cls, cases: Callable[[], pa.Table], inputs: str, folder: Path, *, is_presence: bool = False
    ) -> "Model":
        """The model of these cases: trained now, or read where it was before.

        Args:
            cases: with the columns of cases.sql, `actual` among them.
            inputs: names all that the cases depend on.
            folder: where models are kept, each by the hash of what it was trained on.
            is_presence: whether the probability of 1 is learned.
        """
        parameters = OF_PRESENCE if is_presence else OF_VALUES
        facts = json.dumps([inputs, parameters, ROUNDS])
        trained_on = hashlib.sha256(facts.encode()).hexdigest()
        path = folder / f"{trained_on[:32]}.json"
        try:
            kept = files.read_sealed(path)
        except (FileNotFoundError, DamagedFile):
            kept = _trained(cases(), parameters, is_presence=is_presence)
            files.write_sealed(path, kept)
        return cls(kept, trained_on)

    def predict(self, cases: pa.Table) -> Floats:
        """What comes, for each case."""
        found = self._booster.predict(_matrix(cases, self._features), num_threads=1)
        said = np.asarray(found, dtype=np.float64)
        if not self._usual:
            return said
        return _column(cases, "last") + said * _usual_of(cases, self._usual)


def _trained(
    cases: pa.Table, parameters: Mapping[str, object], *, is_presence: bool
) -> dict[str, object]:
    import lightgbm  # noqa: PLC0415

    left_out = {"series", "slot", "actual"} | (set() if is_presence else {"last"})
    features = [name for name in cases.column_names if name not in left_out]
    usual = {} if is_presence else _usual(cases)
    wanted = _column(cases, "actual")
    if usual:
        wanted = (wanted - _column(cases, "last")) / _usual_of(cases, usual)
    data = lightgbm.Dataset(_matrix(cases, features), wanted)
    booster = lightgbm.train(dict(parameters), data, num_boost_round=ROUNDS)
    return {"model": booster.model_to_string(), "features": features, "usual": usual}


def _usual(cases: pa.Table) -> dict[int, float]:
    """The mean change by horizon."""
    change = np.abs(_column(cases, "actual") - _column(cases, "last"))
    horizons = _column(cases, "horizon")
    return {
        int(horizon): float(change[horizons == horizon].mean()) or 1.0
        for horizon in np.unique(horizons)
    }


def _usual_of(cases: pa.Table, usual: dict[int, float]) -> Floats:
    return np.interp(_column(cases, "horizon"), sorted(usual), [usual[h] for h in sorted(usual)])


def _matrix(cases: pa.Table, names: list[str]) -> npt.NDArray[np.float32]:
    return np.column_stack([_column(cases, name).astype(np.float32) for name in names])


def _column(cases: pa.Table, name: str) -> Floats:
    return np.asarray(cases[name].cast(pa.float64()).to_numpy(zero_copy_only=False))
