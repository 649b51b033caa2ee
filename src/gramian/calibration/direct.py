"""What direct methods do: reductions, factors, and the pass that certifies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gramian.api.lstsq import lstsq
from gramian.calibration import sizes
from gramian.calibration.samples import REQUEST, arrays, certifier, reduced
from gramian.calibration.sheet import Measurements, best
from gramian.data.arrays import ArrayRows
from gramian.execution.blas import single_threaded_blas
from gramian.execution.runner import Runner
from gramian.execution.threads import Threads
from gramian.reductions.gradient import Point
from gramian.reductions.image import Image
from gramian.reductions.moments import MomentSums, moments_of_block
from gramian.reductions.triangle import Triangle
from gramian.solvers import SOLVERS


def calls(sheet: Measurements) -> None:
    """What the smallest problem costs: one block, one pass, one answer."""
    rows = arrays(8, 2)
    block = next(iter(rows.parts()[0].blocks()))
    with single_threaded_blas():
        sheet.put("block", 1, 1, best(lambda: moments_of_block(block, False, False)))
    sheet.put("fold", 1, 1, best(lambda: MomentSums.of(rows, Threads(1))) - sheet.cost("block"))
    X, y = rows.X, rows.y[:, 0]
    whole = best(lambda: lstsq(X, y, "cholesky", accuracy=3, threads=1))
    small = reduced(8, 1)
    with single_threaded_blas():
        solve = best(lambda: SOLVERS["cholesky"].solve(small, REQUEST))
    sheet.put("call", 1, 1, whole - solve - sheet.cost("block") - sheet.cost("fold"))


def reductions(sheet: Measurements) -> None:
    for p in sizes.WIDTHS:
        rows = arrays(_rows(sheet, p, sizes.VALUES, 4096), p)
        sheet.fold("gram", p, rows.rows * p**2, rows, lambda runner, rows=rows: MomentSums.of(rows, runner))
        if p in (8, 128):
            plain = best(lambda rows=rows: MomentSums.of(rows, Threads(1)))
            about = replace(rows, centred=True)
            moved = best(lambda about=about: MomentSums.of(about, Threads(1))) - plain
            sheet.put("centre", p, rows.rows * p, max(moved, 0.05 * plain))
    for p in sizes.WIDTHS:
        rows = arrays(_rows(sheet, p, sizes.VALUES // 2, 2048), p)
        sheet.fold("triangle", p, 2.0 * rows.rows * p**2, rows, lambda runner, rows=rows: Triangle.of(rows, runner))
        sheet.fold("image", p, rows.rows * (p - 1) ** 2, rows, _imaging(rows))


def _rows(sheet: Measurements, p: int, values: int, least: int) -> int:
    """Rows to measure on: as many blocks as show what workers gain, where they are let to work side by side."""
    return max(values // p, sizes.BLOCK * max(4, 2 * sheet.threads) if p in sizes.SHARED else least)


def _imaging(rows: ArrayRows) -> Callable[[Runner], object]:
    """The pass that confirms a triangle."""
    n, zero = rows.n, np.zeros(1)
    at, W = Point(np.zeros(n), zero, np.zeros((n, 1)), zero, np.zeros((n, 1))), np.triu(np.ones((n, n)))
    return lambda runner: Image.of(rows, runner, at, W, n, single=False)


def factors(sheet: Measurements) -> None:
    for n in sizes.SIZES:
        with single_threaded_blas():
            moments = reduced(2 * n + 8, n)
            sheet.put("cholesky", n, n**3, best(lambda m=moments: SOLVERS["cholesky"].solve(m, REQUEST)))
            if n > sizes.WIDTHS[-1]:
                break
            triangle = Triangle.of(arrays(2 * n + 8, n + 1), Threads(1))
            assert triangle is not None
            sheet.put("orthogonal", n, n**3, best(lambda t=triangle: SOLVERS["qr"].solve(t, REQUEST)))
            sheet.put("svd", n, n**3, best(lambda t=triangle: SOLVERS["svd"].solve(t, REQUEST), 2))
            sheet.put("eigen", n, n**3, best(lambda m=moments: np.linalg.eigh(m.gram), 2))
    v = np.ones(1 << 16)
    sheet.put("vector", 1, v.size, best(lambda: v + 0.5 * v))


def certifying(sheet: Measurements) -> None:
    for p in sizes.WIDTHS:
        rows = arrays(_rows(sheet, p, sizes.VALUES, 4096), p)
        sheet.fold("gradient", p, rows.rows * p, rows, certifier(rows, exact=False))
    n = 16
    few, many = (arrays(m, n + 1) for m in (64, 4096))
    short, long = (_seconds_of(certifier(rows, exact=True)) for rows in (few, many))
    each = max(long - short, 0.1 * long) / ((many.rows - few.rows) * n)
    sheet.put("exact", 1, 1, each)
    started = sheet.cost("fold") + sheet.cost("block") + each * few.rows * n
    sheet.put("exact column", 1, n, max(short - started, 1e-6))


def _seconds_of(call: Callable[[Runner], object]) -> float:
    return best(lambda: call(Threads(1)))
