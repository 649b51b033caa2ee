"""Everything gramian raises, and how its messages are built.

    GramianError
    |-- ArgumentError   an argument is outside what is allowed            (also a ValueError)
    |-- FormulaError    a formula does not parse, or asks to run code     (also a ValueError)
    |-- DataError       rows or columns cannot be used                    (also a ValueError)
    |   |-- SourceError     the thing that holds the rows cannot be read, or changed while it was read
    |   `-- RankError       columns depend on each other and the policy is "error"
    |-- ModelError      a model file is damaged, of another version, or unsafe
    `-- NeedsData       the answer takes another pass over rows that this object does not hold

    GramianWarning      finished, but not trusted                          (also a UserWarning)

A message has three parts: what was got, what is allowed, and a last line that begins with "Hint:" and says what to do.
"""

from __future__ import annotations

from gramian.errors.arguments import bad_argument, not_a_choice
from gramian.errors.columns import (
    ambiguous_column,
    bad_formula,
    beyond_range,
    damaged_design,
    errors_beyond_range,
    uneven_dependence,
    unknown_column,
    unlearned_design,
)
from gramian.errors.families import (
    bad_target,
    classes_separated,
    diverged_online,
    not_for_family,
    not_two_levels,
    one_target_only,
    one_value,
    separated,
    sparse_after_dense,
)
from gramian.errors.inference import (
    bad_hypothesis,
    needs_rows,
    no_clusters,
    no_inference,
    no_rows_for,
    no_test,
    one_cluster,
    unknown_coefficient,
    unknown_term,
)
from gramian.errors.methods import (
    cannot,
    changed_between_passes,
    not_a_number,
    not_finite_start,
    not_symmetric,
    once_and_too_large,
    warn_diverged,
    wrong_derivative,
    wrong_shape,
)
from gramian.errors.outputs import cannot_write, no_picture, not_a_fit, not_installed, unknown_output
from gramian.errors.rows import (
    array_not_saved,
    bad_weight,
    base_not_a_level,
    cannot_learn,
    kind_changed,
    level_never_seen,
    level_not_declared,
    missing_label,
    missing_value,
    mixed_labels,
    no_weight_left,
    numbers_as_levels,
    numbers_as_text,
    offset_needed,
    out_of_domain,
    result_not_finite,
    rows_not_numbered,
    second_pass_needed,
    text_as_number,
    too_many_columns,
    too_many_rows_differ,
    value_not_finite,
)
from gramian.errors.tree import (
    ArgumentError,
    DataError,
    FormulaError,
    GramianError,
    GramianWarning,
    ModelError,
    NeedsData,
    RankError,
    SourceError,
)
from gramian.errors.wording import counted, listed, message, nearest, shortened

__all__ = [
    "ArgumentError",
    "DataError",
    "FormulaError",
    "GramianError",
    "GramianWarning",
    "ModelError",
    "NeedsData",
    "RankError",
    "SourceError",
    "ambiguous_column",
    "array_not_saved",
    "bad_argument",
    "bad_formula",
    "bad_hypothesis",
    "bad_target",
    "bad_weight",
    "base_not_a_level",
    "beyond_range",
    "cannot",
    "cannot_learn",
    "cannot_write",
    "changed_between_passes",
    "classes_separated",
    "counted",
    "damaged_design",
    "diverged_online",
    "errors_beyond_range",
    "kind_changed",
    "level_never_seen",
    "level_not_declared",
    "listed",
    "message",
    "missing_label",
    "missing_value",
    "mixed_labels",
    "nearest",
    "shortened",
    "needs_rows",
    "no_clusters",
    "no_inference",
    "no_rows_for",
    "no_test",
    "no_weight_left",
    "not_a_choice",
    "no_picture",
    "not_a_fit",
    "not_installed",
    "not_a_number",
    "not_finite_start",
    "not_for_family",
    "not_symmetric",
    "not_two_levels",
    "numbers_as_levels",
    "numbers_as_text",
    "offset_needed",
    "once_and_too_large",
    "one_cluster",
    "one_target_only",
    "one_value",
    "out_of_domain",
    "result_not_finite",
    "rows_not_numbered",
    "second_pass_needed",
    "separated",
    "sparse_after_dense",
    "text_as_number",
    "too_many_columns",
    "too_many_rows_differ",
    "uneven_dependence",
    "unknown_coefficient",
    "unknown_column",
    "unknown_output",
    "unknown_term",
    "unlearned_design",
    "value_not_finite",
    "warn_diverged",
    "wrong_derivative",
    "wrong_shape",
]
