"""The command line on a small CSV, and what `import gramian` costs, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.timing import Clock, write

COMMAND, IMPORT = 1.5, 1.3


def main(arguments: list[str]) -> None:
    """Arguments: "short" takes fewer rounds."""
    short = "short" in arguments
    rounds = 3 if short else 9
    with tempfile.TemporaryDirectory() as place:
        path = _csv(Path(place))
        clock = Clock()
        clock.rounds(
            {
                "import numpy, scipy.linalg": _python("import numpy, scipy.linalg"),
                "import gramian": _python("import gramian"),
                "import gramian; gramian.lstsq": _python("import gramian; gramian.lstsq"),
                "import gramian; gramian.fit": _python("import gramian; gramian.fit"),
                "gramian fit, plain": _cli(path, "y ~ a + b"),
                "gramian fit, C() and log()": _cli(path, "log(y) ~ a + C(city) + log(b)"),
            },
            rounds,
        )
    ratio = clock.ratio("import gramian; gramian.lstsq", "import numpy, scipy.linalg")
    slowest = max(clock.median("gramian fit, plain"), clock.median("gramian fit, C() and log()"))
    write(
        "startup",
        [
            f"fresh processes, medians of {rounds} rounds after a first run",
            *clock.lines("import numpy, scipy.linalg"),
            f"  import gramian with lstsq / import numpy, scipy.linalg {ratio:.2f} (target {IMPORT})",
            f"  command on 200 rows {slowest:.2f} s (target {COMMAND})",
        ],
        short,
    )


def _csv(place: Path) -> Path:
    rng = np.random.default_rng(5)
    rows = ["y,a,b,city"]
    for _ in range(200):
        a, b = rng.standard_normal(), rng.uniform(1, 2)
        rows.append(f"{float(np.exp(a + b))!r},{a!r},{b!r},{rng.choice(['Ayr', 'Cork', 'Delft'])}")
    path = place / "small.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _python(code: str) -> Callable[[], str]:
    return lambda: _run([sys.executable, "-c", code])


def _cli(path: Path, formula: str) -> Callable[[], str]:
    def call() -> str:
        told = _run([sys.executable, "-c", "from gramian.cli.app import main; main()", "fit", str(path), formula])
        assert "Intercept" in told
        return told

    return call
