"""gm.Online: a linear model learned from rows as they come, one batch after another, for streams that never end.

Minimises the expected loss(eta, y) + alpha/2 ||b||^2 by stochastic gradient steps over each batch once; see `stepping`. Use it
where rows cannot be kept. Everything that a run depends on is in its state, the generator of the order included: a model that
is saved, loaded and continued gives the same bits as one that was never stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import scipy.sparse as sp

from gramian.errors import DataError, ModelError, message
from gramian.errors.models import damaged_model
from gramian.kernels.array_types import Floats
from gramian.sklearn.schedule import RuleName, ScheduleSettings
from gramian.sklearn.stepping import StochasticState, as_generator, begun, checked, stepped
from gramian.storage import json_file as jsonfile
from gramian.storage.json_file import array, from_array, from_number, number

FORMAT, VERSION = "gramian-online", 1


class Online:
    """A model that `partial_fit` improves with every batch of rows.

    family: "gaussian", "binomial", "poisson", "gamma". rule: "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam".
    step: None takes it from the curvature; a number acts on the raw columns, from zero. decay: h_t = step / (1 + decay
    (t - 1)). batch: rows of a step. alpha: of the penalty alpha/2 ||b||^2 beside the mean loss. shuffle: whether a batch is
    read in random order, drawn from `seed`. average: the model is the mean of the iterates, from the first on (True) or from
    that of a given number; before it, the last iterate. With step=None steps are then larger and fall slower, and True lets
    early iterates count for less and less.

        model = gm.Online()
        for X, y in stream:
            model.partial_fit(X, y)
        model.save("model.json");   model = gm.Online.load("model.json")
    """

    def __init__(
        self,
        family: str = "gaussian",
        rule: RuleName = "sgd",
        *,
        step: float | None = None,
        decay: float = 0.0,
        batch: int = 1,
        alpha: float = 0.0,
        intercept: bool = True,
        shuffle: bool = True,
        seed: int = 0,
        average: bool | int = False,
    ) -> None:
        self.settings = ScheduleSettings(family, rule, step, decay, batch, alpha, intercept, shuffle, seed, average)
        self._state: StochasticState | None = None

    @property
    def state(self) -> StochasticState:
        if self._state is None:
            raise DataError(message("the model has seen no rows yet", hint="call partial_fit(X, y) first"))
        return self._state

    @property
    def rows(self) -> int:
        """Rows seen so far."""
        return 0 if self._state is None else self._state.rows

    @property
    def coef(self) -> Floats:
        """(n,), in the units of the columns."""
        return self.state.told(self.settings.intercept)[0]

    @property
    def intercept(self) -> float:
        return self.state.told(self.settings.intercept)[1]

    def partial_fit(self, X: Any, y: Any, weights: Any = None) -> Online:
        """Steps over every row of X (m, n), y (m,) once. weights (m,), zero or more, multiply the loss of a row.

        X: an array or scipy.sparse, which stays sparse; a model that began with dense rows has centred its columns, and
        takes no sparse ones. Raises DataError for values that cannot be used, and on divergence; the model then stays as it
        was.
        """
        X, y, w = checked(X, y, weights, self.settings)
        state = begun(X, y, w, self.settings) if self._state is None else self._state
        columns = cast(tuple[int, int], X.shape)[1]
        if columns != state.scale.size:
            raise DataError(
                message(
                    f"X has {columns} columns, and had {state.scale.size} before",
                    f"Allowed: {state.scale.size} columns, in the same order",
                    "begin another model for other columns",
                )
            )
        self._state = stepped(state, X, y, w, self.settings)
        return self

    def predict(self, X: Any) -> Floats:
        """The mean of each row's target, (m,)."""
        rows = X if sp.issparse(X) else np.asarray(X, dtype=np.float64)
        return self.settings.loss.mean(np.asarray(rows @ self.coef) + self.intercept)

    def save(self, path: str | Path) -> None:
        """Write as JSON, without any rows; the file is replaced whole or not at all."""
        state, chosen = self.state, self.settings
        content = {
            "settings": {name: getattr(chosen, name) for name in ScheduleSettings.__slots__},
            "arrays": {name: array(getattr(state, name)) for name in ("centre", "scale", "theta", "m", "v", "sums", "total")},
            "counters": [int(count) for count in state.counters],
            "rows": state.rows,
            "weight": number(state.weight),
            "row": number(state.row),
            "size": number(state.size),
            "generator": state.generator,
        }
        jsonfile.write(path, FORMAT, VERSION, content)

    @staticmethod
    def load(path: str | Path) -> Online:
        """The model as it was saved; the next batch continues it. Raises ModelError for a damaged file."""
        _, content = jsonfile.read(path, (FORMAT,), VERSION)
        try:
            model = Online()
            model.settings = ScheduleSettings(**{name: content["settings"][name] for name in ScheduleSettings.__slots__})
            held, counters = content["arrays"], content["counters"]
            arrays = {name: from_array(held[name], 1) for name in ("centre", "scale")}
            arrays |= {name: from_array(held[name], 2) for name in ("theta", "m", "v", "sums", "total")}
            p = arrays["scale"].size + int(model.settings.intercept)
            if any(arrays[name].shape != (1, p) for name in ("theta", "m", "v", "sums", "total")):
                raise ValueError("its arrays do not fit each other")
            if len(counters) != 3:
                raise ValueError("it counts other things")
            model._state = StochasticState(
                **arrays,
                counters=np.array(counters, dtype=np.int64),
                rows=int(content["rows"]),
                weight=from_number(content["weight"]),
                row=from_number(content["row"]),
                size=from_number(content["size"]),
                generator=dict(as_generator(content["generator"]).bit_generator.state),
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            if isinstance(error, ModelError):
                raise
            raise damaged_model(Path(path).name, f"{type(error).__name__}: {error}") from None
        return model

    def __repr__(self) -> str:
        return f"Online({self.settings.family!r}, {self.settings.rule!r}, {self.rows:,} rows seen)"
