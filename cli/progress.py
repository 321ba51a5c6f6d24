"""What `make run` shows while it works: one line a step, in a terminal and in a log."""

import time
from collections import Counter
from typing import Any

from airflow.listeners import hookimpl
from rich.console import Console

MARKS = {"success": "[green]✓[/]", "failed": "[red]✗[/]", "skipped": "[dim]–[/]"}


class Progress:
    """An Airflow listener. Tasks of a group count as one step, which ends with its last task."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.began = time.monotonic()
        self.open: Counter[str] = Counter()
        self.started: dict[str, float] = {}
        self.states: dict[str, set[str]] = {}

    def begin(self, dag: Any, unseen: set[str]) -> None:
        """Begin a DAG, of which the unseen tasks never report."""
        self.console.print(f"[bold]{dag.dag_id}[/]")
        self.open = Counter(_step(task.task_id) for task in dag.tasks if task.task_id not in unseen)
        self.started, self.states = {}, {}

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        self.started.setdefault(_step(task_instance.task_id), time.monotonic())

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        self._end(task_instance.task_id, "success")

    @hookimpl
    def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:
        self._end(task_instance.task_id, "skipped")

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        self._end(task_instance.task_id, "failed")
        words = str(error).strip().splitlines() or [type(error).__name__]
        for line in [f"{task_instance.task_id}: {words[0]}", *words[1:4]]:
            self.console.print(f"    {line}", markup=False)

    def _end(self, task_id: str, state: str) -> None:
        step = _step(task_id)
        states = self.states.setdefault(step, set())
        states.add(state)
        self.open[step] -= 1
        # a step is shown when its last task has ended; tasks that Airflow skips unrun never report
        if self.open[step] == 0 or states == {"skipped"} or state == "failed":
            self._show(step, states)

    def _show(self, step: str, states: set[str]) -> None:
        state = next(state for state in ("failed", "success", "skipped") if state in states)
        seconds = time.monotonic() - self.started.get(step, time.monotonic())
        if self.open[step] >= 0:
            self.console.print(f"  {MARKS[state]} {step:<20} {seconds:5.1f} s")
        self.open[step] = -1000


def _step(task_id: str) -> str:
    return task_id.split(".")[0]
