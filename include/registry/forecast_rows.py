"""The seed of forecasts: what of a building is forecast, and with the help of what."""

from typing import Literal

from pydantic import Field

from include.registry.cells import Identifier, Names
from include.registry.rows import Row

FORECASTS = "forecasts.csv"


class Forecast(Row):
    """What is forecast: the hourly means of a measurement, at each place of a building."""

    forecast_id: Identifier
    building_id: Identifier
    measurement: Identifier
    locations: Names = Field(description="globs of locations; empty: all")
    covariates: Names = Field(description="measurements that help, as known at issue")
    hours: int = Field(ge=1, le=168, description="how far ahead")
    weeks: int = Field(ge=2, le=26, description="of the past that models are compared over")
    status: Literal["active", "disabled"]
