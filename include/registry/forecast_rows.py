"""The seed of forecasts: what of a building is forecast, and with the help of what."""

from typing import Literal

from pydantic import Field

from include.registry.cells import Identifier, Names, OptionalFloat
from include.registry.rows import Row

FORECASTS = "forecasts.csv"
PRESENCE = "presence"  # whether somebody is in a room, by quarters of an hour


class Forecast(Row):
    """What is forecast: the hours of a measurement, or presence, at each place of a building."""

    forecast_id: Identifier
    building_id: Identifier
    measurement: Identifier = Field(description="or `presence`")
    locations: Names = Field(description="globs of locations; empty: all")
    covariates: Names = Field(description="measurements that help, as known at issue")
    weather: Names = Field(description="measurements of `weather_clean` that help, as forecast")
    weather_delay: OptionalFloat = Field(
        None, ge=0, le=48, description="hours from the end of the day of a run until it is here"
    )
    hours: int = Field(ge=1, le=168, description="how far ahead")
    weeks: int = Field(ge=2, le=26, description="of the past that models are compared over")
    status: Literal["active", "disabled"]

    @property
    def is_presence(self) -> bool:
        """Whether a probability is forecast."""
        return self.measurement == PRESENCE

    @property
    def minutes(self) -> int:
        """Length of what is forecast."""
        return 15 if self.is_presence else 60
