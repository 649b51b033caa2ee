"""`python -m bench` runs every study; `python -m bench lstsq short` one of them, in short form.

`python -m bench compare REVISION lstsq` runs a study on two revisions in turn; `python -m bench kernels` the tests of
certificates under several kernels of OpenBLAS.
"""

from __future__ import annotations

import sys
from importlib import import_module

STUDIES = (
    "lstsq", "frames", "parquet", "startup", "update", "certificate", "rank", "triangle", "glm", "passes", "descent",
    "illconditioned", "crossover", "plan", "nist",
)  # fmt: skip

WORDS = ("short", "linear", "families")


def main(arguments: list[str]) -> int:
    """Run the studies named, or all; other words are handed to them."""
    if arguments[:1] in (["compare"], ["kernels"]):
        import_module(f"bench.{arguments[0]}").main(arguments[1:])
        return 0
    unknown = [a for a in arguments if a not in (*STUDIES, *WORDS) and not a.isdigit()]
    if unknown:
        print(f"{', '.join(unknown)} is no study\nStudies: {', '.join(STUDIES)}", file=sys.stderr)
        return 2
    named = [argument for argument in arguments if argument in STUDIES]
    rest = [argument for argument in arguments if argument not in STUDIES]
    for study in named or STUDIES:
        import_module(f"bench.{study}").main(rest)
    return 0


sys.exit(main(sys.argv[1:]))
