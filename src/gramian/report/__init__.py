"""The printed answer: a Summary value and its renderings as text, HTML, LaTeX and plain data."""

from gramian.report.summary import Summary, summarise, terminal_width
from gramian.report.table import as_frame, table

__all__ = ["Summary", "as_frame", "summarise", "table", "terminal_width"]
