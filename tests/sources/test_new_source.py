"""A kind of table that is added by one line of the registry is found at every door that takes rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

import gramian as gm
from gramian.sources.frames import from_mapping
from gramian.sources.kinds import SOURCES, SourceKind


@dataclass(frozen=True)
class Ledger:
    """Rows as a list of pairs: a kind of table that nobody knows."""

    pairs: list[tuple[float, float]]


def open_ledger(data: Ledger):
    x, y = np.array(data.pairs).T
    return from_mapping({"x": x, "y": y})


@pytest.fixture
def registered() -> Iterator[None]:
    kind = SourceKind("a ledger", lambda data: isinstance(data, Ledger), f"{__name__}:open_ledger")
    SOURCES.append(kind)
    yield
    SOURCES.remove(kind)


ROWS = Ledger([(float(i), 2.0 * i + (-1) ** i) for i in range(40)])
SAME = {"x": np.array([x for x, _ in ROWS.pairs]), "y": np.array([y for _, y in ROWS.pairs])}


@pytest.mark.usefixtures("registered")
def test_every_door_takes_it() -> None:
    fit, same = gm.fit("y ~ x", ROWS), gm.fit("y ~ x", SAME)
    np.testing.assert_array_equal(fit.coef, same.coef)
    np.testing.assert_array_equal(fit.predict(ROWS), same.predict(SAME))
    sums, others = gm.moments("y ~ x", ROWS), gm.moments("y ~ x", SAME)
    np.testing.assert_array_equal(gm.fit("y ~ x", sums).coef, gm.fit("y ~ x", others).coef)
    assert gm.explain("y ~ x", ROWS).facts.rows == 40
    assert gm.race("y ~ x", ROWS, "cholesky", budget=0.5).rows == 40


@pytest.mark.usefixtures("registered")
def test_messages_list_it() -> None:
    with pytest.raises(gm.SourceError, match=re.escape("a ledger")):
        gm.fit("y ~ x", 3.5)


def test_without_its_line_it_is_refused() -> None:
    with pytest.raises(gm.SourceError, match="cannot read rows from a Ledger") as caught:
        gm.fit("y ~ x", ROWS)
    assert "a ledger" not in str(caught.value)
