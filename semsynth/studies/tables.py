"""Markdown tables, and the numbers in them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

NONE = '-'
"""Stands in a cell where there is nothing."""


def cells(values: Sequence[object]) -> str:
    """A row of a table."""
    return f'| {" | ".join(map(str, values))} |'


def shown(value: float | None) -> str:
    """A number in four digits, or a dash."""
    return NONE if value is None else f'{value:.4g}'


def mean_and_std(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Mean and standard deviation, each None where there are too few values."""
    return (statistics.fmean(values) if values else None, statistics.stdev(values) if len(values) > 1 else None)


def spread(values: Sequence[float], mean_form: str = '.4g', std_form: str = '.2g') -> str:
    """``mean ± standard deviation``, without the latter for a single value; a dash for none.

    Args:
        values: of which the mean is taken.
        mean_form: how the mean is written, as ``format`` takes it.
        std_form: how the standard deviation is written.
    """
    mean, std = mean_and_std(values)
    if mean is None:
        return NONE
    return f'{mean:{mean_form}}' if std is None else f'{mean:{mean_form}} ± {std:{std_form}}'
