"""The same studies on two revisions in turn: `python -m bench compare REVISION lstsq frames passes`, one line a figure.

A worktree of the revision is made in the system's folder for temporary files. Every round runs each study once in both trees,
in alternating order, and a figure's ratio is taken within a round, so that a slow round counts for both. Lines of a study are
matched by their text without numbers; the first figure in seconds of a line is what is compared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench.timing import write

ROUNDS, ROUNDS_SHORT = 3, 2
_SECONDS = re.compile(r"(\d+\.\d+) (s|ms)\b")
_NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(e[+-]?\d+)?")


def main(arguments: list[str]) -> None:
    """Arguments: a revision, then studies; "short" runs each in its short form."""
    short, revision, *studies = "short" in arguments, *(each for each in arguments if each != "short")
    here = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        subprocess.run(["git", "worktree", "add", "--detach", str(before), revision], cwd=here, check=True)
        try:
            lines = [line for study in studies for line in _compared(study, here, before, short)]
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(before)], cwd=here, check=True)
    write("compare", [f"seconds of this tree over those of {revision}", "", *lines], short)


def _compared(study: str, here: Path, before: Path, short: bool) -> list[str]:
    found: dict[str, list[tuple[float, float]]] = {}
    for i in range(ROUNDS_SHORT if short else ROUNDS):
        trees = [here, before] if i % 2 == 0 else [before, here]
        told = {tree: _figures(study, tree, short) for tree in trees}
        for text, seconds in told[here].items():
            if text in told[before] and seconds > 0 and told[before][text] > 0:  # printed as 0.000: too short to compare
                found.setdefault(text, []).append((seconds, told[before][text]))
    lines = [study]
    for text, pairs in found.items():
        ratio = median(a / b for a, b in pairs)
        lines.append(f"  {text[:52]:<52}{median(a for a, _ in pairs):9.4f} s {median(b for _, b in pairs):9.4f} s {ratio:6.2f}")
    ratios = [median(a / b for a, b in pairs) for pairs in found.values()]
    return [*lines, f"  median of {len(ratios)} ratios {median(ratios):.3f}" if ratios else "  no figure in common", ""]


def _figures(study: str, tree: Path, short: bool) -> dict[str, float]:
    """The first figure in seconds of each line of the study, by the line's text; repeated texts are numbered."""
    own = os.environ | {"PYTHONPATH": str(tree / "src"), "GRAMIAN_DATA": _data(), "GRAMIAN_BENCH": _tables()}
    words = [sys.executable, "-m", "bench", study, *(["short"] if short else [])]
    done = subprocess.run(words, cwd=tree, env=own, capture_output=True, text=True, check=True)
    found: dict[str, float] = {}
    heading = ""
    for line in done.stdout.splitlines():
        seconds = _SECONDS.search(line)
        if seconds is None:
            heading = line.strip() or heading
            continue
        name = _NUMBER.sub("", line[: seconds.start()]).strip() if study != "plan" else line[: seconds.start()].strip()
        text = f"{name} | {heading}"
        while text in found:
            text += "'"
        found[text] = float(seconds[1]) * (1e-3 if seconds[2] == "ms" else 1.0)
    return found


def _data() -> str:
    """Where the real tables lie: beside this checkout, unless the environment says otherwise."""
    return os.environ.get("GRAMIAN_DATA", str(Path(__file__).resolve().parents[2] / "shared" / "data"))


def _tables() -> str:
    """Where tables that a study makes are kept, so that both trees read the same files."""
    return os.environ.get("GRAMIAN_BENCH", str(Path(__file__).parent / "data"))
