"""semsynth: the component zoo for semantic image synthesis."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semsynth.apis import Inferencer, evaluate, train
    from semsynth.editor import Editor

__version__ = '0.1.0'
__all__ = ['Editor', 'Inferencer', 'evaluate', 'train']

if 'mmengine' in sys.modules:  # else what first needs mmengine here does this: it takes its time
    import_module('semsynth.config_files')  # mmengine then finds configs named semsynth::FOLDER/NAME.py


def __getattr__(name: str) -> object:
    """Load what people call when it is first touched."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module('semsynth.editor' if name == 'Editor' else 'semsynth.apis'), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
