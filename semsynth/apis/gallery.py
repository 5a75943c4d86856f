"""The gallery: an HTML page with scores and pictures of a set of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape

from semsynth.visualise import default_palette
from semsynth.writing import write_png, write_whole


def write_gallery(folder: Path, title: str, samples: dict[str, dict[str, np.ndarray]], *,
                  paragraphs: tuple[str, ...] = (), scores: dict[str, dict[str, float]] | None = None,
                  legend: Mapping[str, str] | None = None, name: str = 'index',
                  notes: Mapping[str, str] | None = None) -> Path:
    """Write ``folder/index.html`` and the pictures that it shows, and return the page's path.

    Args:
        folder: made where it is missing.
        title: heading of the page.
        samples: name of each sample -> caption -> picture, ``(H, W, 3)`` uint8 RGB; the first sample's captions are
            the page's columns.
        paragraphs: text below the heading.
        scores: name of each row -> metric -> value; a metric that a row lacks is shown as a dash.
        legend: name of each class -> its colour in the label maps, as ``legend_of`` gives them.
        name: of the page, where it is not to be ``index``; its pictures are then in ``NAME_pictures``.
        notes: name of each sample -> text below it.
    """
    pictures = folder / ('pictures' if name == 'index' else f'{name}_pictures')
    captions = list(next(iter(samples.values()), {}))
    sources: dict[str, dict[str, str]] = {}
    for number, (sample, shown) in enumerate(samples.items()):
        sources[sample] = {}
        for caption in captions:
            file = pictures / f'{number:03d}_{caption.replace(" ", "_").lower()}.png'
            sources[sample][caption] = write_png(file, shown[caption]).relative_to(folder).as_posix()
    columns = list(dict.fromkeys(metric for row in (scores or {}).values() for metric in row))
    template = Environment(loader=PackageLoader('semsynth.apis', '.'), autoescape=select_autoescape()).get_template(
        'gallery.html')
    page = template.render(title=title, paragraphs=paragraphs, captions=captions, samples=sources, scores=scores or {},
                           score_columns=columns, legend=legend or {}, notes=notes or {})
    return write_whole(folder / f'{name}.html', page.encode())


def legend_of(classes: Sequence[str], palette: Sequence[Sequence[int]] | None) -> dict[str, str]:
    """The colour of each class, as ``#rrggbb``; ``palette`` as of ``colour_labels``."""
    colours = default_palette(len(classes)) if palette is None else palette
    return {name: '#{:02x}{:02x}{:02x}'.format(*colour) for name, colour in zip(classes, colours, strict=False)}
