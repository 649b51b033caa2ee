"""The tests of exactness and of certificates, and claims on random problems, under several kernels of OpenBLAS.

The last bits of a product depend on the processor, so a claim that holds under the kernel of one machine may break under that of
another. `python -m bench kernels` runs every kernel below that this processor can execute; "short" takes the first two. The exit
status is 1 where a test fails or a claim is broken.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

from bench.timing import machine

KERNELS = ("Haswell", "Sandybridge", "SkylakeX", "Zen", "Nehalem")
TESTS = (
    "tests/certification",
    "tests/solvers/test_choleskyqr.py",
    "tests/solvers/test_rank.py",
    "tests/reductions/test_sketched.py",
    "tests/solving/test_sampled_pcg.py",
    "tests/api/test_nist.py",
)
PROBLEMS, PROBLEMS_SHORT = 3_000, 600
_WHICH = "import numpy, threadpoolctl as t; print(next(x['architecture'] for x in t.threadpool_info() if 'architecture' in x))"
_CLAIMS = re.compile(r"([\d,]+) problems, ([\d,]+) answers, ([\d,]+) claims.*broken ([\d,]+)")


def main(arguments: list[str]) -> None:
    """Arguments: "short" runs two kernels and fewer problems."""
    short = "short" in arguments
    print(f"kernels{', short' if short else ''}\n{machine()}\n")
    print(f"  {'kernel':<14}{'runs as':<14}{'tests':<28}{'claims':>10}{'broken':>8}{'seconds':>9}", flush=True)
    failed = [kernel for kernel in KERNELS[: 2 if short else None] if not _holds(kernel, short)]
    if failed:
        print(f"\nnot held under {', '.join(failed)}", file=sys.stderr)
        sys.exit(1)


def _holds(kernel: str, short: bool) -> bool:
    """Whether the tests pass and no claim is broken; a kernel that this processor cannot execute holds by default."""
    started = time.monotonic()
    which = _run([sys.executable, "-c", _WHICH], kernel)
    if which.returncode or which.stdout.strip() != kernel:
        print(f"  {kernel:<14}not on this processor", flush=True)
        return True
    tests = _run([sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *TESTS], kernel)
    problems = str(PROBLEMS_SHORT if short else PROBLEMS)
    claims = _run([sys.executable, "-m", "bench.kernels", problems], kernel)
    told = _CLAIMS.search(claims.stdout)
    passed = "passed" if tests.returncode == 0 else "FAILED"
    found, broken = (told[3], told[4]) if told else ("none", "?")
    seconds = time.monotonic() - started
    print(f"  {kernel:<14}{which.stdout.strip():<14}{passed:<28}{found:>10}{broken:>8}{seconds:9.0f}", flush=True)
    for done in (tests, claims):
        if done.returncode or (done is claims and broken != "0"):
            print("\n".join(f"    {line}" for line in (done.stdout + done.stderr).splitlines()[-12:]), flush=True)
    return passed == "passed" and broken == "0"


def _run(words: list[str], kernel: str) -> subprocess.CompletedProcess[str]:
    own = os.environ | {"OPENBLAS_CORETYPE": kernel}
    return subprocess.run(words, env=own, capture_output=True, text=True)


if __name__ == "__main__":
    from bench.certificate import summary_of

    print(summary_of(int(sys.argv[1])))
