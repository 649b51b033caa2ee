"""Wald tests of R b = r, by a triangular factor of R B, where B B' is the covariance: kappa, not kappa squared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gramian import errors
from gramian.errors import counted
from gramian.execution.blas import single_threaded_blas
from gramian.inference.covariance import Covariance
from gramian.inference.estimate import Estimate
from gramian.inference.hypotheses import Hypothesis
from gramian.inference.tails import SMALLEST_P, upper_f
from gramian.kernels.array_types import Floats
from gramian.kernels.norms import column_norms

SINGULAR = 1e-10
"""Restrictions whose scaled root has a singular value below this are not tested: too few digits would be left."""


@dataclass(frozen=True, slots=True, eq=False)
class WaldTest:
    """F = (Rb - r)' (R V R')^-1 (Rb - r) / q on q and df_den degrees of freedom; numbers, or (k,) for k targets.

    statistic and pvalue are NaN where the covariance of the restrictions is singular; `note` says why.
    """

    statistic: float | Floats
    df_num: int
    df_den: float
    pvalue: float | Floats
    hypothesis: str
    targets: tuple[str, ...] = ()
    note: str = ""

    def __repr__(self) -> str:
        lines = [f"test of {self.hypothesis}"]
        f, p = np.atleast_1d(self.statistic), np.atleast_1d(self.pvalue)
        for j in range(f.size):
            head = f"  {self.targets[j]}: " if f.size > 1 else "  "
            sign = "" if p[j] < SMALLEST_P else "= "
            lines.append(f"{head}F = {f[j]:.6g} on {self.df_num:,} and {self.df_den:,.6g} df, p {sign}{_printed(p[j])}")
        return "\n".join([*lines, *([f"  {self.note}"] if self.note else [])])


@dataclass(frozen=True, slots=True, eq=False)
class TermTests:
    """One joint test for each term, every other term being in the model (type III); by name, by place or in order."""

    terms: tuple[str, ...]
    tests: tuple[WaldTest, ...]

    def __len__(self) -> int:
        return len(self.tests)

    def __iter__(self) -> Iterator[WaldTest]:
        return iter(self.tests)

    def __getitem__(self, term: str | int) -> WaldTest:
        if isinstance(term, str):
            if term not in self.terms:
                raise errors.unknown_term(term, self.terms)
            return self.tests[self.terms.index(term)]
        return self.tests[term]

    def __repr__(self) -> str:
        width = max([4, *map(len, self.terms)])
        many = max((np.size(test.statistic) for test in self.tests), default=1) > 1
        lines = [f"{'term':<{width}}  {'df':>5}  {'F':>12}  {'p':>10}{'  target' if many else ''}"]
        for term, test in zip(self.terms, self.tests, strict=True):
            for j, (f, p) in enumerate(zip(np.atleast_1d(test.statistic), np.atleast_1d(test.pvalue), strict=True)):
                tail = f"  {test.targets[j]}" if many else ""
                lines.append(f"{term:<{width}}  {test.df_num:>5,}  {f:>12.6g}  {_printed(p):>10}{tail}")
        notes = dict.fromkeys(test.note for test in self.tests if test.note)
        return "\n".join([*lines, *notes])


def _printed(p: float) -> str:
    return "<2e-16" if p < SMALLEST_P else f"{p:.4g}"


def wald(estimate: Estimate, covariance: Covariance, hypothesis: Hypothesis) -> WaldTest:
    """Raises ArgumentError when the hypothesis names a dropped column, repeats or contradicts itself."""
    R, r = _checked(estimate, hypothesis)
    q = r.size
    gap = R @ np.nan_to_num(estimate.coef, nan=0.0) - r[:, None]
    with single_threaded_blas():
        values = [_statistic(R @ root, gap[:, j]) for j, root in enumerate(covariance.root)]
    f = np.array(values)
    p = upper_f(f, q, covariance.df)
    note = ""
    if np.isnan(f).any():
        note = f"not tested: the covariance of the {'restriction' if q == 1 else f'{q} restrictions'} is singular"
        if covariance.clusters is not None and covariance.clusters <= q:
            note += f": {counted(covariance.clusters, 'cluster')} allow at most {covariance.clusters - 1} at once"
    targets = estimate.targets
    if len(targets) == 1:
        return WaldTest(float(f[0]), q, covariance.df, float(p[0]), hypothesis.text, targets, note)
    return WaldTest(f, q, covariance.df, p, hypothesis.text, targets, note)


def _statistic(half: Floats, gap: Floats) -> float:
    """(gap' (half half')^-1 gap) / q: with half' = Q T, solve T' u = gap and take |u|^2 / q."""
    q = gap.size
    scale = column_norms(half.T)
    if not np.isfinite(scale).all() or q > half.shape[1]:
        return float("nan")
    if not scale.all():
        # Rounding apart, an exact fit: whatever is not as supposed is infinitely far from it.
        return float("inf") if q == 1 and gap[0] != 0.0 else float("nan")
    T: Floats = np.asarray(np.linalg.qr((half / scale[:, None]).T, mode="r"))
    if np.linalg.svd(T, compute_uv=False)[-1] < SINGULAR:
        return float("nan")
    with np.errstate(over="ignore"):
        u = np.asarray(np.linalg.solve(T.T, gap / scale), dtype=np.float64)
        return float(np.dot(u, u)) / q


def _checked(estimate: Estimate, hypothesis: Hypothesis) -> tuple[Floats, Floats]:
    R, r = hypothesis.R, hypothesis.r
    gone = np.flatnonzero(R.any(axis=0) & ~estimate.estimated)
    if gone.size:
        name = estimate.names[int(gone[0])]
        equation = next((item.brief() for item in estimate.dropped if item.name == name), "")
        raise errors.no_test(repr(hypothesis.text), f"{name!r} was dropped{f': {equation}' if equation else ''}")
    size = np.linalg.norm(R, axis=1)
    if not size.all():
        raise errors.no_test(repr(hypothesis.text), f"row {int(np.argmin(size))} of R is zero", "leave it out")
    scaled = R / size[:, None]
    if np.linalg.matrix_rank(scaled) < r.size:
        augmented = np.column_stack([scaled, r / size])
        how = "contradict" if np.linalg.matrix_rank(augmented) > np.linalg.matrix_rank(scaled) else "repeat"
        raise errors.no_test(repr(hypothesis.text), f"its equations {how} each other", "leave one out")
    return R, r
