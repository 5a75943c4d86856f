"""The chart of an ablation."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from semsynth.studies.ablation.table import Ablation
from semsynth.studies.charts import as_png
from semsynth.studies.tables import mean_and_std


def chart(ablation: Ablation) -> bytes:
    """A PNG with one panel a score: means and standard deviations, single seeds, the oracle; at the right, on an axis
    of its own, what the paper has, which is of other data."""
    panels = list(dict.fromkeys(score for score, _ in ablation.columns)) or ['no score yet']
    places = range(len(ablation.lines))
    figure = Figure(figsize=(max(4, 1.2 + 0.6 * len(ablation.lines)) * len(panels), 4.5), layout='constrained')
    for axes, score in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        values = [line.values(score) for line in ablation.lines]
        handles: list[Any] = []
        if any(values):
            means, bars = zip(*map(mean_and_std, values), strict=True)
            # not a number leaves a gap in the line
            handles.append(axes.errorbar(places, *(np.array(each, dtype=float) for each in (means, bars)), marker='o',
                                         capsize=4, label='ours'))
        single = [(place + 0.15, value) for place in places for value in values[place] if len(values[place]) > 1]
        if single:
            handles += axes.plot(*zip(*single, strict=True), '.', color='tab:blue', alpha=0.5, label='each seed')
        paper = [(place, line.row.paper[score]) for place, line in enumerate(ablation.lines) if score in line.row.paper]
        if paper:
            own = axes.twinx() if any(values) else axes
            handles += own.plot(*zip(*paper, strict=True), 'x:', color='tab:orange', label="paper's, on its own data")
            own.set_ylabel('paper', color='tab:orange')
            own.tick_params(axis='y', colors='tab:orange')
        if ablation.oracle(score) is not None:
            handles.append(axes.axhline(ablation.oracle(score), color='gray', linestyle='--', linewidth=1,
                                        label='real images'))
        axes.set(title=ablation.title(score), xticks=places, xlim=(-0.5, len(places) - 0.5))
        axes.set_xticklabels([fill(line.row.title, 20) for line in ablation.lines], rotation=40, ha='right',
                             rotation_mode='anchor')
        if handles:
            axes.legend(handles=handles, fontsize='small')
    return as_png(figure)
