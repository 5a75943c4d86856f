"""Result: a synthesised layout, as tensors and as pictures."""

from __future__ import annotations

import io

from PIL import Image

from semsynth.visualise import to_picture


class Result(dict):
    """A synthesised layout.

    ``result.image`` is the picture, for Pillow, and ``result.edge`` the edge map where the model makes one. A notebook
    shows the picture.

    As a dict it has ``name``; ``outputs``, all images by name, ``(3, H, W)`` uint8 RGB or ``(1, H, W)`` gray; ``label``
    ``(H, W)``, or ``raw``, a picture of an image-like input; ``real``, empty but for a photo that was read with the
    layout; with styles also ``styles``, that ``(F,)`` of each object by id.
    """

    @property
    def name(self) -> str:
        """What it is called: after the layout's file."""
        return self['name']

    @property
    def image(self) -> Image.Image:
        """The synthesised image, RGB, or gray of a model for gray images."""
        return Image.fromarray(to_picture(self['outputs']['image']))

    @property
    def edge(self) -> Image.Image | None:
        """The edge map, or None of a model without one."""
        edge = self['outputs'].get('edge')
        return None if edge is None else Image.fromarray(to_picture(edge))

    def __repr__(self) -> str:
        images = ', '.join(f'{name} {image.shape[-2]}x{image.shape[-1]}' for name, image in self['outputs'].items())
        return f'Result({self.name!r}: {images})'

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.image.save(file, 'PNG')
        return file.getvalue()
