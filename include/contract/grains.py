"""The grains of the published aggregates, and the calendar unit of each."""

GRAINS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
