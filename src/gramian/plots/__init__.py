"""Pictures, with matplotlib (the extra `plot`), which is imported when the first one is drawn.

Each picture has a function that works out what is shown, as arrays, and one that draws it and returns a matplotlib Figure.
"""

from gramian.plots.contour import contour, plot_contour
from gramian.plots.crossover import crossover, plot_crossover
from gramian.plots.sweep import plot_sweep, sweep

__all__ = ["contour", "crossover", "plot_contour", "plot_crossover", "plot_sweep", "sweep"]
