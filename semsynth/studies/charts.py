"""Charts as files."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


def as_png(figure: Figure, dpi: int = 120) -> bytes:
    """The content of a PNG of a figure, at so many pixels an inch."""
    file = io.BytesIO()
    figure.savefig(file, dpi=dpi)
    return file.getvalue()
