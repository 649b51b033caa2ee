"""`gramian race`: the race as a table or JSON on standard output, and as a page or picture in a file."""

from __future__ import annotations

import json

import typer

from gramian.api.options import RaceOptions
from gramian.api.race import race_with
from gramian.cli.commands import UNTRUSTED, say
from gramian.racing.saving import check_output


def run_race(data: str, formula: str, options: RaceOptions, *, out: str | None, as_json: bool) -> None:
    """Race, write, print; raises typer.Exit(1) where no method reached the accuracy."""
    if out is not None:
        check_output(out)
    found = race_with(formula, data, options)
    printed = json.dumps(found.to_dict(), indent=2, allow_nan=False) if as_json else str(found)
    try:
        if out is not None:
            found.save(out)
    finally:
        print(printed)
    if found.winner is None:
        say(f"no method reached {found.accuracy:g} digits\nHint: raise --budget, or ask for fewer digits with --accuracy")
        raise typer.Exit(UNTRUSTED)
