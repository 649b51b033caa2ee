"""Pictures: what they show is right, they are drawn without a complaint, and what cannot be drawn says why."""

from __future__ import annotations

import io
import math
import re
import sys

import numpy as np
import pytest
from scipy import stats

import gramian as gm
from gramian.errors import ArgumentError
from gramian.execution.threads import Threads
from gramian.plots import contour, crossover, plot_contour, plot_crossover, plot_sweep, sweep
from gramian.plots.coefficients import MOST as MOST_COEFFICIENTS
from gramian.plots.coefficients import coefficients, ridge_path
from gramian.plots.diagnostics import MOST, residuals
from gramian.plots.style import shortened, titled
from gramian.plots.traces import FLOOR, _seconds, curve
from gramian.racing import Lane, TracePoint
from gramian.reductions.moments import MomentSums
from gramian.solvers import SOLVERS

RNG = np.random.default_rng(11)
X = RNG.normal(size=(500, 3)) @ [[1.0, 0.5, 0.0], [0.0, 1.0, 0.2], [0.0, 0.0, 3.0]]
Y = X @ [2.0, -1.0, 0.5] + RNG.normal(size=500)
TABLE = {"a": X[:, 0] + 5.0, "b": X[:, 1], "c": X[:, 2], "g": np.array(["u", "v"])[(X[:, 0] > 0).astype(int)], "y": Y}
TABLE["k"] = RNG.poisson(np.exp(0.3 * X[:, 0])).astype(float)
FORMULA = "y ~ a + b + c + g"


def drawn(figure: object) -> None:
    """It can be written as a picture, and something is on it."""
    file = io.BytesIO()
    figure.savefig(file, format="png")  # type: ignore[attr-defined]
    assert file.getvalue().startswith(b"\x89PNG")
    assert len(file.getvalue()) > 5000


@pytest.fixture(scope="module")
def fit() -> gm.Fit:
    return gm.fit(FORMULA, TABLE)


# ---- traces


def test_a_curve_keeps_what_a_logarithmic_axis_can_show() -> None:
    points = TracePoint(0, 2.0, 0.1, 1.0, 1.0), TracePoint(1, 3.0, 0.2, 1e-3, 0.0), TracePoint(2, 4.0, 0.3, math.inf, math.inf)
    lane = Lane("lsmr", False, "reached", "", points)
    at, left = curve(lane, "seconds", "left")
    assert at.tolist() == [0.1, 0.2]
    assert left.tolist() == [1.0, FLOOR]
    assert curve(lane, "iterations", "error")[0].tolist() == [1.0]


@pytest.mark.parametrize("x", ["seconds", "iterations", "passes"])
@pytest.mark.parametrize("y", ["left", "error"])
def test_a_race_is_drawn_over_each_axis(x: str, y: str) -> None:
    race = gm.race(X, Y, ["cholesky", "lsmr", "sgd"], budget=0.3)
    figure = race.plot(x, y)  # type: ignore[arg-type]
    drawn(figure)
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    at, left = curve(race["lsmr"], x, y)
    np.testing.assert_array_equal(lines["lsmr"].get_xdata(), at)
    np.testing.assert_array_equal(lines["lsmr"].get_ydata(), left)


def test_another_axis_is_refused() -> None:
    race = gm.race(X, Y, "cholesky", budget=0.2)
    with pytest.raises(ArgumentError, match="did you mean 'seconds'"):
        race.plot("second")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="y is 'loss'"):
        race.plot(y="loss")  # type: ignore[arg-type]


# ---- contours


def test_a_contour_of_two_columns_is_the_loss_in_that_plane() -> None:
    step = 0.02
    shown = contour(X, Y, "gradient", (0, 2), step=step, max_iter=5)
    best = np.linalg.lstsq(X, Y, rcond=None)[0]
    np.testing.assert_allclose(shown.best, best[[0, 2]], rtol=1e-10)

    def J(b: np.ndarray) -> float:
        return 0.5 * float(np.mean((Y - X @ b) ** 2))

    for i, j in ((0, 0), (30, 140), (159, 80)):
        b = best.copy()
        b[[0, 2]] = shown.across[j], shown.up[i]
        expected = (J(b) - J(best)) / (J(np.zeros(3)) - J(best))
        assert shown.share[i, j] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    path, b = shown.paths["gradient"], np.zeros(3)
    assert path.shape == (6, 2)
    for t in range(6):
        np.testing.assert_allclose(path[t], b[[0, 2]], rtol=1e-9, atol=1e-12)
        b = b - step * X.T @ (X @ b - Y) / 500
    drawn(plot_contour(shown))


def test_the_axes_of_curvature_are_those_of_the_scaled_hessian() -> None:
    shown = contour(FORMULA, TABLE, ["gradient", "nesterov", "lsmr"], max_iter=20)
    Z = np.column_stack([TABLE["a"], TABLE["b"], TABLE["c"], TABLE["g"] == "v"]).astype(float)
    correlation = np.corrcoef(Z.T)
    values = np.linalg.eigvalsh(correlation)
    np.testing.assert_allclose(shown.curvatures, values[[-1, 0]], rtol=1e-9)
    assert set(shown.paths) == {"gradient", "nesterov", "lsmr"}
    for path in shown.paths.values():
        np.testing.assert_array_equal(path[0], 0.0)
    assert np.linalg.norm(shown.paths["lsmr"][-1] - shown.best) < 1e-6 * np.linalg.norm(shown.best)
    drawn(plot_contour(shown))


def test_columns_of_a_plane_go_by_name() -> None:
    by_name = contour(FORMULA, TABLE, "gradient", ("a", "c"), max_iter=3)
    by_place = contour(FORMULA, TABLE, "gradient", (0, 2), max_iter=3)
    assert by_name.labels == ("coefficient of a x its size", "coefficient of c x its size")
    np.testing.assert_array_equal(by_name.share, by_place.share)


def test_a_path_that_diverges_is_drawn_as_far_as_it_goes() -> None:
    L = np.linalg.eigvalsh(X.T @ X / 500)[-1]
    shown = contour(X, Y, "gradient", step=3.0 / L, max_iter=400)
    assert np.isfinite(shown.share).all()
    assert np.abs(shown.across).max() < 100
    drawn(plot_contour(shown))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"methods": "cholesky"}, "method='cholesky' cannot leave a path"),
        ({"methods": "gradeint"}, "did you mean 'gradient'?"),
        ({"plane": (0, 0)}, "two different columns"),
        ({"plane": (0, 7)}, "a column of the plane is 7\nAllowed: a name, or a whole number from 0 to 2"),
        ({"plane": ("a", 1)}, "a column of the plane is 'a'"),
        ({"plane": "curve"}, "plane is 'curve'"),
        ({"plane": (1,)}, "plane is (1,)"),
        ({"max_iter": 0}, "max_iter is 0"),
    ],
)
def test_contours_that_cannot_be_drawn(settings: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(text)):
        contour(X, Y, **settings)  # type: ignore[arg-type]


def test_one_column_has_no_plane() -> None:
    with pytest.raises(ArgumentError, match="the number of columns is 1"):
        contour(X[:, :1], Y)


# ---- sweep


def test_the_sweep_shows_the_edge_of_stability() -> None:
    shown = sweep(X, Y, iterations=40)
    values = np.linalg.eigvalsh(X.T @ X / 500)
    assert shown.edge == pytest.approx(2.0 / values[-1], rel=1e-12)
    assert shown.best == pytest.approx(2.0 / (values[-1] + values[0]), rel=1e-12)
    left = shown.left["gradient"]
    assert np.all(left[shown.steps < 0.99 * shown.edge] < 1.0)
    assert np.all(left[shown.steps > 1.2 * shown.edge] > 1.0)
    # b_t - b* = (I - h H)^t (b_0 - b*)
    best = np.linalg.lstsq(X, Y, rcond=None)[0]
    H, h = X.T @ X / 500, float(shown.steps[20])
    d = np.linalg.matrix_power(np.eye(3) - h * H, 40) @ best
    assert left[20] == pytest.approx((d @ H @ d) / (best @ H @ best), rel=1e-8)
    drawn(plot_sweep(shown))


def test_the_edge_beside_an_intercept_is_that_of_the_users_own_columns() -> None:
    shown = sweep("y ~ a + b", TABLE, ["gradient", "momentum"], iterations=5, steps=[1e-3, 1e-2])
    Z = np.column_stack([np.ones(500), TABLE["a"], TABLE["b"]])
    assert shown.edge == pytest.approx(2.0 / np.linalg.eigvalsh(Z.T @ Z / 500)[-1], rel=1e-10)
    assert shown.left["momentum"].shape == (2,)
    drawn(plot_sweep(shown))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"methods": "newton"}, "method='newton' cannot take a step"),
        ({"methods": "nesterof"}, "did you mean 'nesterov'?"),
        ({"steps": []}, "steps is []"),
        ({"steps": [0.1, -1.0]}, "a list of finite numbers > 0"),
        ({"iterations": 0}, "max_iter is 0"),
    ],
)
def test_sweeps_that_cannot_be_made(settings: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(text)):
        sweep(X, Y, **settings)  # type: ignore[arg-type]


# ---- a fit


def test_the_residuals_are_those_of_the_fit(fit: gm.Fit) -> None:
    seen = fit.influence()
    shown = residuals(seen)
    np.testing.assert_array_equal(shown.residual, fit.residuals())
    np.testing.assert_array_equal(shown.place, np.arange(500))
    order = np.argsort(shown.standard)
    np.testing.assert_allclose(shown.quantile[order], stats.norm.ppf((np.arange(500) + 0.5) / 500), rtol=1e-12)
    h, r = shown.leverage, shown.standard
    np.testing.assert_allclose(shown.cooks, r**2 * h / (1 - h) / shown.rank, rtol=1e-12)
    drawn(fit.plot())


def test_of_many_rows_those_that_stand_out_are_drawn() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=20_000), rng.normal(size=20_000)
    noise[123] = 40.0
    x[456] = 60.0
    shown = residuals(gm.fit("y ~ x", {"x": x, "y": x + noise}).influence())
    assert shown.place.size <= MOST
    assert {123.0, 456.0} <= set(shown.place)
    assert shown.used == 20_000
    assert len(shown.trend[0]) == 24


def test_rows_left_out_are_not_drawn() -> None:
    table = {**TABLE, "a": np.where(np.arange(500) == 9, np.nan, TABLE["a"])}
    shown = residuals(gm.fit(FORMULA, table).influence())
    assert shown.used == 499
    assert 9.0 not in shown.place


def test_few_rows_and_perfect_fits_are_drawn() -> None:
    drawn(gm.fit("y ~ x", {"x": np.arange(5.0), "y": np.array([1.0, 2.0, 4.0, 3.0, 5.0])}).plot())
    drawn(gm.fit("y ~ x", {"x": np.arange(3.0), "y": np.array([1.0, 2.0, 4.0])}).plot())


def test_the_coefficients_have_their_intervals(fit: gm.Fit) -> None:
    limits = fit.conf_int(0.9)
    shown = coefficients(fit.names, fit.coef, fit.se, limits, 0.9)
    assert shown.names == fit.names
    assert not shown.in_errors
    np.testing.assert_array_equal(shown.low, limits[:, 0])
    scaled = coefficients(fit.names, fit.coef, fit.se, limits, 0.9, in_errors=True)
    np.testing.assert_allclose(scaled.coef, fit.tvalues, rtol=1e-14)
    drawn(fit.plot("coefficients", level=0.9))


def test_of_many_coefficients_those_furthest_from_zero_are_shown() -> None:
    names = tuple(f"x{j}" for j in range(100))
    coef, se = np.linspace(-1, 1, 100), np.full(100, 0.1)
    shown = coefficients(names, coef, se, np.column_stack([coef - 0.2, coef + 0.2]), 0.95)
    assert len(shown.names) == MOST_COEFFICIENTS
    assert shown.left_out == 100 - MOST_COEFFICIENTS
    assert np.abs(shown.coef).min() > np.abs(coef)[30:70].max()


def test_the_ridge_path_is_that_of_fits(fit: gm.Fit) -> None:
    assert fit.training is not None
    moments = MomentSums.of(fit.training.rows, Threads(1))
    assert moments is not None
    shown = ridge_path(moments, fit.design.names, ridges=np.array([1e-3, 10.0, 1e4]))
    sizes = np.array([np.std(values) for values in (TABLE["a"], TABLE["b"], TABLE["c"], TABLE["g"] == "v")])
    for ridge, coef in zip(shown.ridges, shown.coef, strict=True):
        np.testing.assert_allclose(coef, gm.fit(FORMULA, TABLE, ridge=ridge).coef[1:] * sizes, rtol=1e-9)
    assert 4.0 > shown.freedom[0] > shown.freedom[1] > shown.freedom[2] > 0.0
    drawn(fit.plot("ridge"))


def test_several_targets_are_drawn_one_at_a_time() -> None:
    fit = gm.fit("y + k ~ a + b", TABLE)
    for kind in ("residuals", "coefficients", "ridge"):
        drawn(fit.plot(kind, target=1))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="target is 2\nAllowed: a whole number from 0 to 1"):
        fit.plot(target=2)


def test_what_a_fit_cannot_draw(fit: gm.Fit, tmp_path) -> None:
    with pytest.raises(ArgumentError, match="did you mean 'residuals'"):
        fit.plot("residual")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="level is 2"):
        fit.plot("coefficients", level=2.0)
    poisson = gm.fit("k ~ a", TABLE, family="poisson")
    drawn(poisson.plot("coefficients"))
    drawn(poisson.plot())
    np.testing.assert_array_equal(residuals(poisson.influence()).residual, poisson.influence().deviance)
    with pytest.raises(ArgumentError, match="family='poisson'"):
        poisson.plot("ridge")
    fit.save(tmp_path / "model.json")
    loaded = gm.load(tmp_path / "model.json")
    drawn(loaded.plot("coefficients"))
    for kind in ("residuals", "ridge"):
        with pytest.raises(gm.NeedsData, match="takes another pass over the rows"):
            loaded.plot(kind)


# ---- the map


def test_the_map_shows_what_the_plan_takes() -> None:
    shown = crossover((5000, 40), threads=1)
    assert shown.chosen.shape == (len(shown.rows), len(shown.columns))
    assert shown.names == tuple(SOLVERS)
    assert shown.at(5000, 40) in SOLVERS
    finite = shown.seconds[np.isfinite(shown.seconds)]
    assert (finite > 0).all()
    # More rows of as many columns never take less time, but for prices that nobody notices.
    assert np.all(shown.seconds[-1] >= shown.seconds[0])
    drawn(plot_crossover(shown))


def test_a_mark_outside_widens_the_map() -> None:
    shown = crossover((3, 1), accuracy=2.0, condition=10.0, threads=2)
    assert shown.rows[0] <= 3
    assert shown.columns[0] <= 1
    assert shown.asked == "2 digits, condition 1e+01"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"mark": (0, 5)}, "mark is (0, 5)"),
        ({"rows": (10, 10)}, "rows is (10, 10)"),
        ({"columns": (0, 10)}, "columns is (0, 10)"),
        ({"accuracy": 99}, "accuracy is 99"),
        ({"condition": 0.5}, "condition is 0.5"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_maps_that_cannot_be_made(settings: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(text)):
        crossover(**settings)  # type: ignore[arg-type]


# ---- words and packages


def test_names_lose_their_middle() -> None:
    assert shortened("C(ocean_proximity)[T.NEAR BAY]", 24) == "C(ocean_pro....NEAR BAY]"
    assert shortened("x" * 50, 24).count("x") == 21
    assert shortened("short", 24) == "short"
    assert titled("a " * 200, "below", width=20).count("\n") == 2


def test_times_on_an_axis() -> None:
    assert [_seconds(t) for t in (1e-6, 1e-3, 0.1, 1.0, 100.0, 0.0)] == ["1 us", "1 ms", "100 ms", "1 s", "100 s", ""]


def test_without_matplotlib_the_hint_says_what_to_install(fit: gm.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ArgumentError, match=re.escape("Hint: pip install 'gramian[plot]'")):
        fit.plot("coefficients")


def test_a_page_needs_no_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    gm.race(X, Y, "cholesky", budget=0.2).save(tmp_path / "race.html")


def test_a_path_that_diverges_is_cut_off_and_named() -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra `plot`")
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 2)) * [1.0, 3.0]
    y = X @ [1.0, 2.0]
    shown = contour(X, y, ["gradient", "nesterov"], (0, 1), step=0.4)
    assert "gradient" in shown.diverged
    assert not contour(X, y, "gradient", (0, 1), step=0.1).diverged
    ax = plot_contour(shown).axes[0]
    line = next(line for line in ax.get_lines() if line.get_label() == "gradient, diverged")
    drawn = line.get_xydata()
    low, high = (np.array([shown.across[i], shown.up[i]]) for i in (0, -1))
    assert np.all((drawn[:-1] >= low) & (drawn[:-1] <= high))
    assert len(drawn) < len(shown.paths["gradient"])


def test_numbers_on_contours_stand_upright_and_apart() -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra `plot`")
    X = np.random.default_rng(1).normal(size=(60, 2)) * [1.0, 30.0]
    ax = plot_contour(contour(X, X @ [1.0, 2.0], "gradient", (0, 1))).axes[0]
    texts = [text for text in ax.texts if text.get_visible()]
    assert texts
    assert all(text.get_rotation() == 0 for text in texts)


def test_the_edge_is_named_above_the_curves() -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra `plot`")
    X = np.random.default_rng(1).normal(size=(60, 2))
    ax = plot_sweep(sweep(X, X @ [1.0, 2.0], "gradient", iterations=5)).axes[0]
    (edge,) = (text for text in ax.texts if text.get_text().startswith("2/L"))
    assert edge.xy[1] == 1.0
    assert edge.get_va() == "bottom"
