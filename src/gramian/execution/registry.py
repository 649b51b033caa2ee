"""The runners by name. Another one is its file and its line here."""

from __future__ import annotations

from collections.abc import Callable

from gramian.errors import not_a_runner
from gramian.execution.runner import Progress, Runner
from gramian.execution.threads import Threads

DEFAULT = "threads"

RUNNERS: dict[str, Callable[[int | None], Runner]] = {"threads": Threads}
"""Each is called with the most workers, or None for as many as it has."""


def runner_for(runner: str | Runner | None, workers: int | None, progress: Progress | None = None) -> Runner:
    """The runner of that name, or the one given, with no more than so many workers; None is the default.

    Raises ArgumentError for what is neither a name nor a Runner.
    """
    if isinstance(runner, Runner):
        found = runner if workers is None else runner.at_most(workers)
    else:
        make = RUNNERS.get(DEFAULT if runner is None else runner) if runner is None or _is_text(runner) else None
        if make is None:
            raise not_a_runner(runner, RUNNERS)
        found = make(workers)
    return found if progress is None else found.reporting(progress)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
