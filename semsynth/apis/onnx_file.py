"""The ONNX file of a trained generator, and how far its images are from PyTorch's."""

from __future__ import annotations

import copy
import importlib.util
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from semsynth import __version__
from semsynth.apis.drawn_layout import draw_layout, layout_size
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.onnx_network import ConditionToImages
from semsynth.arguments import check_arguments
from semsynth.generators import Generator
from semsynth.layout import Layout
from semsynth.writing import check_out_file, write_whole

NEEDED = ('onnx', 'onnxscript')
TOLERANCE = 1e-3
"""By how much a value of an image may differ from PyTorch's; the step between two gray levels of 8 bits is 8e-3."""


@dataclass
class Exported:
    """The content of a file.

    Args:
        path: of the file.
        inputs: their shapes by name, ``'batch'`` for any number.
        outputs: names of the images.
        difference: largest difference from PyTorch's images, in ``[-1, 1]``; None where ONNX Runtime is not installed.
    """

    path: Path
    inputs: dict[str, tuple[str | int, ...]]
    outputs: list[str]
    difference: float | None


@torch.no_grad()
@check_arguments
def export(inferencer: Inferencer, out: str | Path, *, size: tuple[int, int] | None = None) -> Exported:
    """Write a generator as an ONNX file: ``condition``, and ``latent`` and ids of instances, ``instance``, where it
    reads these, in; images by name out.

    Any number of layouts at once, all of one size. The file's metadata say, as JSON each, what whoever feeds it must
    know: ``channels``, the names of the condition's, in their order; ``size``; ``classes``, ``unknown`` and ``ids``,
    the index of each id in label files (empty for image-like inputs); ``value_range`` of images.

    Args:
        inferencer: of the trained model, on any device.
        out: the file.
        size: height and width of the layouts; by default the test set's, padded to the model's ``size_divisor``.

    Raises:
        ValueError: onnx or onnxscript is missing, ``out`` is read or no place for a file, the size does not fit the
            model, the test set has no one size, or ONNX Runtime's images are not PyTorch's (nothing is then written).
    """
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise ValueError(f"Export needs {' and '.join(missing)}: pip install 'semsynth[export]'")
    check_out_file(out, (inferencer.config.filename, inferencer.checkpoint))
    model, generator = inferencer.model, copy.deepcopy(inferencer.model.generator).cpu()
    size = size or layout_size(inferencer)
    layout = draw_layout(model, size)
    images = generator(layout)  # before the network loses what is not exported
    inputs = _inputs(generator, layout)

    preprocessor = model.data_preprocessor
    network = ConditionToImages(generator, preprocessor.num_classes, preprocessor.unknown).eval()
    content = _to_onnx(network, inputs, _metadata(inferencer, size))
    difference = None
    if importlib.util.find_spec('onnxruntime') is not None:
        difference = _difference(content, inputs, {name: images[name] for name in network.outputs})
        if not difference <= TOLERANCE:
            raise ValueError(f"ONNX Runtime's images differ from PyTorch's by {difference:.1g}, more than {TOLERANCE}; "
                             'nothing is written. Try other versions of onnxruntime and torch.')
    return Exported(write_whole(out, content), {name: ('batch', *each.shape[1:]) for name, each in inputs.items()},
                    network.outputs, difference)


def _inputs(generator: Generator, layout: Layout) -> dict[str, Tensor]:
    """What the file is given of a layout, by name."""
    read = dict(condition=layout.condition, latent=layout.latent,
                instance=layout.instance if generator.reads_objects else None)
    return {name: each for name, each in read.items() if each is not None}


def _metadata(inferencer: Inferencer, size: tuple[int, int]) -> dict[str, object]:
    model, space = inferencer.model, inferencer.reader.label_space
    classes = list(space.classes) if space else []
    channels = classes or [f'raw {number}' for number in range(model.data_preprocessor.raw_channels)]
    channels = [*channels, *['boundary'] * model.data_preprocessor.instances,
                *(f'style {number}' for number in range(model.style_channels))]
    return dict(channels=channels, size=size, classes=classes, unknown=space and space.unknown,
                ids=space.index_of_ids if space else {}, value_range=(-1, 1), semsynth=__version__)


def _to_onnx(network: ConditionToImages, inputs: dict[str, Tensor], metadata: dict[str, object]) -> bytes:
    batch = torch.export.Dim('batch')
    # two layouts: one would be taken for a batch that is always one
    examples = {name: each.repeat(2, *[1] * (each.ndim - 1)) for name, each in inputs.items()}
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', '# The axis name')  # torch's surprise that both inputs share the batch
        program = torch.onnx.export(network, kwargs=examples, dynamo=True, verbose=False, input_names=list(inputs),
                                    output_names=network.outputs, dynamic_shapes={name: {0: batch} for name in inputs})
    proto = cast(torch.onnx.ONNXProgram, program).model_proto
    for name, value in metadata.items():
        proto.metadata_props.add(key=name, value=json.dumps(value))
    return proto.SerializeToString()


def _difference(content: bytes, inputs: dict[str, Tensor], images: dict[str, Tensor]) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=['CPUExecutionProvider'])
    found = session.run(list(images), {name: each.numpy() for name, each in inputs.items()})
    return max(float(np.abs(ours - image.numpy()).max()) for ours, image in zip(found, images.values(), strict=True))
