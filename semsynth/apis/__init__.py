"""What people call from Python; each is loaded when it is first touched."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semsynth.apis.conversion import convert_checkpoint, convert_styles
    from semsynth.apis.diversity import measure_diversity
    from semsynth.apis.edges import make_edges
    from semsynth.apis.evaluation import evaluate
    from semsynth.apis.importing import import_data
    from semsynth.apis.inferencer import Inferencer
    from semsynth.apis.labelling import label_photos
    from semsynth.apis.onnx_file import export
    from semsynth.apis.publishing.publish import publish
    from semsynth.apis.resize import resize_data
    from semsynth.apis.style_encoding import encode_styles
    from semsynth.apis.synthesis import synthesize
    from semsynth.apis.training import train, train_segmentor
    from semsynth.engine.dry_run import dry_run

_MODULES = dict(
    Inferencer='apis.inferencer', convert_checkpoint='apis.conversion', convert_styles='apis.conversion',
    dry_run='engine.dry_run', encode_styles='apis.style_encoding', evaluate='apis.evaluation', export='apis.onnx_file',
    import_data='apis.importing', label_photos='apis.labelling', make_edges='apis.edges',
    measure_diversity='apis.diversity', publish='apis.publishing.publish', resize_data='apis.resize',
    synthesize='apis.synthesis', train='apis.training', train_segmentor='apis.training')

__all__ = ['Inferencer', 'convert_checkpoint', 'convert_styles', 'dry_run', 'encode_styles', 'evaluate', 'export',
           'import_data', 'label_photos', 'make_edges', 'measure_diversity', 'publish', 'resize_data', 'synthesize',
           'train', 'train_segmentor']


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'semsynth.{_MODULES[name]}'), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
