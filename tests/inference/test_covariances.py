"""Covariances as values: the shorthands, clusters named by the value, and a new one found at every door."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from typer.testing import CliRunner

import gramian as gm
from gramian.cli.app import app
from gramian.inference.covariances import COVARIANCES, covariances_table
from gramian.inference.covariances.base import CovarianceKind, CovarianceRoot
from gramian.reductions.sandwich import Scores

M = 80
DOCS = Path(__file__).parents[2] / "docs" / "covariances.md"


def table(seed=3):
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, M))
    firm = np.repeat([f"f{i}" for i in range(M // 4)], 4)
    y = 1 + x + rng.normal(size=M) * (1 + np.abs(x))
    return pd.DataFrame({"y": y, "x": x, "z": z, "firm": firm, "year": np.arange(M) % 5})


@pytest.mark.parametrize("short", [name for name in COVARIANCES if name != "cluster"])
def test_a_shorthand_is_its_value(short):
    by_name, by_value = (gm.fit("y ~ x + z", table(), cov=cov) for cov in (short, COVARIANCES[short]))
    assert by_name.covariance.kind == by_value.covariance.kind == COVARIANCES[short]
    assert_array_equal(by_name.cov(), by_value.cov())
    assert str(by_name) == str(by_value)
    assert by_name.with_cov(COVARIANCES[short]) is by_name


def test_values_are_frozen_equal_by_fields_and_picklable():
    values = [gm.cov.Classical(), *map(gm.cov.HC, range(4)), gm.cov.Cluster(), gm.cov.Cluster("a"), gm.cov.Cluster("a", "b")]
    assert len(set(values)) == len(values)
    for value in values:
        assert pickle.loads(pickle.dumps(value)) == value
        assert eval(repr(value), vars(gm.cov)) == value
        with pytest.raises((AttributeError, TypeError)):
            value.correction = 1
    assert gm.cov.HC() == gm.cov.HC(3)


@pytest.mark.parametrize("wrong", [4, -1, "3", True, None])
def test_corrections_of_hc(wrong):
    with pytest.raises(gm.ArgumentError, match=r"the correction of HC is .*\nAllowed: 0, 1, 2 or 3"):
        gm.cov.HC(wrong)


@pytest.mark.parametrize("wrong", [gm.cov.HC, 3, ["HC3"], None])
def test_what_is_no_covariance(wrong):
    with pytest.raises(gm.ArgumentError, match=r"cov is .*\nAllowed: classical, HC0, HC1, HC2, HC3, cluster"):
        gm.fit("y ~ x", table(), cov=wrong)


# ---- clusters


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_a_value_names_its_column_of_clusters(family):
    data = table().assign(y=lambda t: np.round(np.exp(t.x)))
    named = gm.fit("y ~ x + z", data, family=family, cov=gm.cov.Cluster("firm"))
    given = gm.fit("y ~ x + z", data, family=family, cov="cluster", clusters="firm")
    arrays = gm.fit("y ~ x + z", data, family=family, clusters=data.firm.to_numpy())
    assert named.covariance.kind == given.covariance.kind == gm.cov.Cluster("firm")
    assert arrays.covariance.kind == gm.cov.Cluster()
    assert named.covariance.label == "cluster (20 clusters)"
    assert_array_equal(named.cov(), given.cov())
    assert_allclose(named.cov(), arrays.cov(), rtol=1e-13)
    for same in ("cluster", gm.cov.Cluster(), gm.cov.Cluster("firm")):
        assert named.with_cov(same) is named
        assert_array_equal(named.with_cov("HC0").with_cov(same).cov(), named.cov())


def test_clusters_that_contradict_the_value():
    with pytest.raises(gm.ArgumentError, match=r"clusters is 'year'\nAllowed: 'firm', as cov=Cluster"):
        gm.fit("y ~ x", table(), cov=gm.cov.Cluster("firm"), clusters="year")
    with pytest.raises(gm.ArgumentError, match='cov is \'HC3\'\nAllowed: "cluster" where clusters are given'):
        gm.fit("y ~ x", table(), cov=gm.cov.HC(3), clusters="firm")
    with pytest.raises(gm.ArgumentError, match=r"cov='cluster' without clusters"):
        gm.fit("y ~ x", table(), cov=gm.cov.Cluster())
    with pytest.raises(gm.ArgumentError, match=r"a column of Cluster is"):
        gm.cov.Cluster(table().firm)
    with pytest.raises(gm.DataError, match=r"'frim' is not in the data, for clusters"):
        gm.fit("y ~ x", table(), cov=gm.cov.Cluster("frim"))


@pytest.mark.parametrize(
    "door",
    [
        lambda cov: gm.fit("y ~ x", table(), cov=cov),
        lambda cov: gm.explain("y ~ x", table(), cov=cov),
        lambda cov: gm.fit("y ~ x", table(), clusters="firm").with_cov(cov),
        lambda cov: gm.fit("y ~ x", table()).cov(cov),
    ],
)
def test_clusters_by_several_columns_are_refused(door):
    with pytest.raises(gm.ArgumentError, match=r"clusters by 2 columns: firm, year\nAllowed: one column"):
        door(gm.cov.Cluster("firm", "year"))


@pytest.mark.parametrize(
    ("clusters", "has"), [(None, "no clusters"), ("year", "'year'"), (np.arange(M) % 4, "an array")]
)
def test_a_finished_fit_has_the_clusters_that_it_read(clusters, has):
    fit = gm.fit("y ~ x", table(), clusters=clusters)
    with pytest.raises(gm.ArgumentError, match=rf"cov=Cluster\('firm'\) needs column 'firm', .*\nThe .*{has}\nHint: fit\(") as e:
        fit.with_cov(gm.cov.Cluster("firm"))
    assert "\n" in str(e.value)


# ---- saved models


@pytest.mark.parametrize("cov", ["HC1", gm.cov.Cluster("firm"), "classical"])
def test_a_saved_fit_keeps_the_value(cov, tmp_path):
    fit = gm.fit("y ~ x", table(), cov=cov)
    fit.save(tmp_path / "m.json")
    loaded = gm.load(tmp_path / "m.json")
    assert loaded.covariance.kind == fit.covariance.kind
    assert str(loaded) == str(fit)


def rewritten(path, change):
    """The model with its covariance changed, and a checksum that fits."""
    from gramian.storage import json_file

    kind, content = json_file.read(path, ("gramian-model",), 1)
    change(content["covariance"])
    json_file.write(path, kind, 1, content)
    return gm.load(path)


def test_models_of_before_there_were_values(tmp_path):
    fit = gm.fit("y ~ x", table(), cov="HC2")
    fit.save(tmp_path / "m.json")
    assert rewritten(tmp_path / "m.json", lambda cov: cov.pop("value")).covariance.kind == gm.cov.HC(2)


def test_a_model_with_a_covariance_that_is_not_registered(tmp_path):
    gm.fit("y ~ x", table(), cov="HC2").save(tmp_path / "m.json")
    with pytest.raises(gm.ModelError, match=r"the model's covariance is 'Other', which is not registered\nRegistered: Class"):
        rewritten(tmp_path / "m.json", lambda cov: cov["value"].update({"class": "Other"}))


# ---- a new one: its class, and one line in the registry


@dataclass(frozen=True, slots=True)
class Jackknife(CovarianceKind):
    """The delete-one jackknife: HC3 with a small-sample rule of its own. As in MacKinnon and White (1985)."""

    less: int = 1

    def __str__(self) -> str:
        return "jackknife"

    def sums(self) -> tuple[Scores]:
        return (Scores(2),)

    def root(self, estimate: Any, bread: Any, sums: Sequence[Any]) -> CovarianceRoot:
        return CovarianceRoot(np.stack([bread @ np.linalg.cholesky(meat) for meat in sums[0].sums]))

    def factor(self, estimate: Any, found: CovarianceRoot) -> float:
        return (estimate.nobs - self.less) / estimate.nobs

    def df(self, estimate: Any, found: CovarianceRoot) -> float:
        return estimate.nobs - self.less


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setitem(COVARIANCES, "jackknife", Jackknife())


def expected(less=1):
    return gm.fit("y ~ x", table(), cov="HC3").cov() * (M - less) / M


@pytest.mark.usefixtures("registered")
def test_a_new_covariance_in_fits():
    for cov in ("jackknife", Jackknife()):
        fit = gm.fit("y ~ x", table(), cov=cov)
        assert_allclose(fit.cov(), expected(), rtol=1e-12)
        assert fit.covariance.df == M - 1
        assert "jackknife" in str(fit.summary())
        assert_array_equal(gm.fit("y ~ x", table()).with_cov(cov).cov(), fit.cov())
        gm.explain("y ~ x", table(), cov=cov)
    assert_allclose(gm.fit("y ~ x", table(), cov=Jackknife(2)).cov(), expected(2), rtol=1e-12)
    assert gm.fit("y ~ x", table(), cov="jackknife").with_cov(Jackknife(2)).covariance.kind == Jackknife(2)
    assert gm.cov.Jackknife is Jackknife


@pytest.mark.usefixtures("registered")
def test_a_new_covariance_in_messages_and_tables():
    with pytest.raises(gm.ArgumentError, match=r"Allowed: .*cluster, jackknife\nHint: did you mean 'jackknife'"):
        gm.fit("y ~ x", table(), cov="jacknife")
    moments = gm.moments("y ~ x", table())
    with pytest.raises(gm.NeedsData, match=r"cov='jackknife' takes another pass"):
        gm.fit("y ~ x", moments, cov="jackknife")
    with pytest.raises(gm.NeedsData, match=r"cov=Jackknife\(less=2\) takes another pass"):
        gm.fit("y ~ x", moments, cov=Jackknife(2))
    assert ("jackknife", "Jackknife(less=1)", "The delete-one jackknife: HC3 with a small-sample rule of its own") in (
        covariances_table()
    )


@pytest.mark.usefixtures("registered")
def test_a_new_covariance_in_saved_models(tmp_path):
    gm.fit("y ~ x", table(), cov=Jackknife(2)).save(tmp_path / "m.json")
    loaded = gm.load(tmp_path / "m.json")
    assert loaded.covariance.kind == Jackknife(2)
    assert_allclose(loaded.cov(), expected(2), rtol=1e-12)


@pytest.mark.usefixtures("registered")
def test_a_new_covariance_on_the_command_line(tmp_path):
    table().to_csv(tmp_path / "t.csv", index=False)
    ran = CliRunner().invoke(app, ["fit", str(tmp_path / "t.csv"), "y ~ x", "--cov", "jackknife", "--json"])
    assert json.loads(ran.stdout)["cov"] == "jackknife"
    refused = CliRunner().invoke(app, ["fit", str(tmp_path / "t.csv"), "y ~ x", "--cov", "HC9"])
    assert "cluster, jackknife" in refused.stderr


# ---- the page


def test_the_page_lists_the_registry():
    lines = re.findall(r"^\| `([^`]+)` \| `gm\.cov\.([^`]+)` \| (.*?) \|", DOCS.read_text(), flags=re.MULTILINE)
    assert [(name, value.replace('"', "'"), what) for name, value, what in lines] == [
        (name, re.sub(r"\w+=", "", value), what) for name, value, what in covariances_table()
    ]
