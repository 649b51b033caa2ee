"""The exception tree."""

from __future__ import annotations


class GramianError(Exception):
    """Base of all errors raised on purpose."""


class ArgumentError(GramianError, ValueError):
    """An argument is outside what is allowed."""


class FormulaError(GramianError, ValueError):
    """A formula does not parse, or names what is not allowed."""


class DataError(GramianError, ValueError):
    """Rows or columns cannot be used."""


class SourceError(DataError):
    """A file, stream or frame cannot be read, or changed between passes."""


class RankError(DataError):
    """Columns depend on each other and the rank policy is "error"."""


class ModelError(GramianError, ValueError):
    """A saved model cannot be loaded."""


class NeedsData(GramianError, RuntimeError):
    """A quantity needs the training rows, which a loaded model or merged moments do not hold."""


class GramianWarning(UserWarning):
    """The answer is finished but not trusted as asked."""
