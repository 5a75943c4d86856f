"""Imports mmseg without what it and its dependencies say, every time, about parts that are not used here."""

from __future__ import annotations

import io
import warnings
from contextlib import redirect_stdout

for message in ('Fail to import ``MultiScaleDeformableAttention``', '`?broadcast_buffers`? is deprecated',
                'Image size .* exceeds limit'):  # Pillow's word on half the size that it refuses
    warnings.filterwarnings('ignore', message=message)

with redirect_stdout(io.StringIO()):
    import mmseg.datasets  # noqa: F401
