"""What `gramian explain` and `gramian calibrate` do once their arguments are read."""

from __future__ import annotations

from html import escape
from json import dumps
from pathlib import Path

from gramian.api.explain import explain_with
from gramian.api.options import FitOptions
from gramian.cli.commands import say
from gramian.errors import bad_argument
from gramian.planning import Plan
from gramian.report import terminal_width
from gramian.storage.whole_files import check_place, write_text

OUTPUTS = (".html", ".json", ".txt")


def run_explain(
    data: str, formula: str, options: FitOptions, *, analyze: bool, json: bool, out: str | None, width: int | None
) -> None:
    """Print the plan; with `analyze`, run the fit first, and print what each part took beside its estimate."""
    if out is not None:
        check_place(out)
        if Path(out).suffix.lower() not in OUTPUTS:
            raise bad_argument("the file to write", out, f"a name that ends in {', '.join(OUTPUTS)}")
    plan = explain_with(formula, data, options, analyze)
    if out is not None:
        write_text(out, _written(plan, formula, Path(out).suffix.lower()))
    print(plan.to_json() if json else plan.text(width or terminal_width()))


def _written(plan: Plan, formula: str, kind: str) -> str:
    if kind == ".json":
        return plan.to_json()
    return page(formula, plan.html()) if kind == ".html" else plan.text()


def page(title: str, body: str) -> str:
    """A page that stands alone."""
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<meta name="color-scheme" '
        f'content="light dark">\n<title>{escape(title)}</title>'
    )
    top = f'<h1 style="font:600 18px system-ui,sans-serif">{escape(title)}</h1>'
    body = f'<body style="margin:2em">\n{top}\n{body}\n</body>'
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n{body}\n</html>'


def run_calibrate(json: bool) -> None:
    """Measure this machine, keep its prices, and print them."""
    from gramian.calibration import calibrate
    from gramian.planning.machine import store

    say("measuring this machine: about ten seconds, undisturbed at best")
    machine = calibrate()
    path = store(machine)
    if json:
        print(dumps({"file": str(path), **machine.to_dict()}, indent=2, allow_nan=False))
        return
    print(f"prices: {machine.provenance}\n\n{'work':<18}{'a second, one worker':<42}all {machine.threads}")
    for kind, curve in machine.prices.items():
        low, high = curve[0], curve[-1]
        rate = f"{low[1]:.2g}" if len(curve) == 1 else f"{low[1]:.2g} to {high[1]:.2g} (width {low[0]:g} to {high[0]:g})"
        gain = machine.speedup(kind, machine.threads)
        print(f"{kind:<18}{rate:<42}" + (f"{gain:.1f} x" if gain > 1 else ""))
    print(f"\nkept in {path}")
