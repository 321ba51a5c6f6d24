"""Triggers `refresh` when a drive has new files. It runs in the triggerer and holds no worker."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from include.core.settings import Settings
from include.sources.watch import in_words, new_files
from sensor_platform.run_context import platform


class NewFilesTrigger(BaseEventTrigger):
    """Lists all drives every `poll_seconds`; an event names new files that were not reported
    before.
    """

    def __init__(self, poll_seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            "sensor_platform.triggers.new_files_trigger.NewFilesTrigger",
            {"poll_seconds": self.poll_seconds},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        reported: set[tuple[str, str, int, str]] = set()
        while True:
            settings, registry = await asyncio.to_thread(platform)
            found = await asyncio.to_thread(new_files, settings, registry)
            if fresh := found - reported:
                reported = found
                yield TriggerEvent({"files": in_words(fresh, registry)})
            await asyncio.sleep(self.poll_seconds)


def watch_drives() -> NewFilesTrigger:
    """The trigger, with the settings of the environment."""
    return NewFilesTrigger(Settings.from_environment().watch_seconds)
