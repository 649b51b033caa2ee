"""How much is measured, and how often."""

MOST = 18.0
"""Seconds after which no new measurement begins."""
WIDTHS = (2, 8, 32, 128, 512)
SIZES = (*WIDTHS, 1024)
VALUES = 1 << 21
"""Numbers of a measured pass: 16 MB, more than the caches nearest to a core hold."""
SHARED, BLOCKS = (32, 128), 65_536
"""Widths from which workers run side by side but for the calls between compiled parts, and rows that make four blocks there."""
REPEATS, LEAST = 3, 0.03
"""Timings of one call, and seconds that they take together at least."""
