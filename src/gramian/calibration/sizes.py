"""How much is measured, and how often."""

MOST = 18.0
"""Seconds after which no new measurement begins."""
WIDTHS = (2, 8, 32, 128, 512)
SIZES = (*WIDTHS, 1024)
VALUES = 1 << 21
"""Numbers of a measured pass: 16 MB, more than the caches nearest to a core hold."""
SHARED, BLOCK = (32, 128), 1 << 14
"""Widths at which the gain of workers is measured, and rows of a block there."""
REPEATS, LEAST = 3, 0.03
"""Timings of one call, and seconds that they take together at least."""
