"""LayoutPreprocessor: a batch of samples to a layout and real images on the device, and back to pictures."""

from __future__ import annotations

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from semsynth.layout import Layout
from semsynth.registry import MODELS


@MODELS.register_module()
class LayoutPreprocessor(BaseDataPreprocessor):
    """Samples as ``PackScene`` makes them to a :class:`Layout` and real images in ``[-1, 1]``.

    Moves bytes to the device and converts there. Pads right and bottom to ``size_divisor`` by replication, so that no
    false boundary appears; :meth:`unbatch` crops.

    Args:
        num_classes: number of one-hot channels.
        unknown: the index that means no class, or None.
        instances: whether the layout has instances, and so a boundary channel.
        non_blocking: whether copies to the device may overlap with the host's work.
    """

    def __init__(self, num_classes: int, unknown: int | None = None, instances: bool = False,
                 non_blocking: bool = False):
        super().__init__(non_blocking)
        self.num_classes, self.unknown, self.instances = num_classes, unknown, instances
        self.channels = num_classes + instances
        self.size_divisor = 1

    def forward(self, data: dict, training: bool = False) -> dict:
        """Batch the samples.

        Args:
            data: ``dict(inputs=dict(label=[...], ...), sample=dict(name=[...], ...))``: collated samples.
            training: mmengine's argument; both modes do the same.

        Returns:
            ``dict(layout, real, samples)``: the layout; real images by name (``'image'``, ``'edge'``),
            ``(B, 3, H, W)`` float in ``[-1, 1]``; name and size (height, width) of each sample before padding.

        Raises:
            ValueError: sizes differ within the batch, a label is none of the classes, or instance maps are missing.
        """
        inputs, names = data['inputs'], list(data['sample']['name'])
        self._check(inputs, names)
        batch = {key: self._pad(torch.stack(list(self.cast_data(parts)))) for key, parts in inputs.items()}
        layout = Layout(batch['label'].long(), self.num_classes, self.unknown,
                        batch['instance'].long() if self.instances else None)
        real = {key: batch[key].float() / 127.5 - 1 for key in ('image', 'edge') if key in batch}
        samples = [dict(name=name, size=tuple(label.shape)) for name, label in zip(names, inputs['label'], strict=True)]
        return dict(layout=layout, real=real, samples=samples)

    def unbatch(self, layout: Layout, outputs: dict[str, Tensor], real: dict[str, Tensor],
                samples: list[dict]) -> list[dict]:
        """One dict per image, on the CPU, cropped to its size before padding.

        Returns:
            ``name``; ``outputs`` and ``real``: images by name, ``(3, h, w)`` uint8 RGB (what has not 3 channels is left
            out); ``label`` ``(h, w)`` long.
        """
        pictures = {name: _to_bytes(output) for name, output in outputs.items() if output.shape[1] == 3}
        originals = {name: _to_bytes(image) for name, image in real.items()}
        label = layout.label.cpu()
        return [dict(name=sample['name'], label=label[i, :height, :width],
                     outputs={name: image[i, :, :height, :width] for name, image in pictures.items()},
                     real={name: image[i, :, :height, :width] for name, image in originals.items()})
                for i, sample in enumerate(samples) for height, width in [sample['size']]]

    def _check(self, inputs: dict[str, list[Tensor]], names: list[str]) -> None:
        if self.instances and 'instance' not in inputs:
            raise ValueError('data_preprocessor: instances=True, but the samples have no instance maps: set '
                             'instances=True on the dataset too, or False on both.')
        for i, name in enumerate(names):
            sizes = {key: tuple(parts[i].shape[-2:]) for key, parts in inputs.items()}
            for key, size in sizes.items():
                if size != inputs['label'][0].shape:
                    raise ValueError(
                        f'The sizes in a batch differ: the label map of {names[0]} is '
                        f'{_size(inputs["label"][0].shape)}, but the {key} of {name} is {_size(size)}: put ResizeScene '
                        'or mmseg.RandomCrop into the pipeline, or set batch_size=1.')
            # Checked here, where labels still lie on the CPU: on a GPU it would be a device assert that names nothing.
            lowest, highest = (int(value) for value in inputs['label'][i].aminmax())
            if not 0 <= lowest <= highest < self.num_classes:
                raise ValueError(
                    f'data_preprocessor: num_classes={self.num_classes}, but the label map of {name} has indices '
                    f'{lowest}..{highest}: give the model the num_classes of its dataset.')

    def _pad(self, batch: Tensor) -> Tensor:
        for axis in (-2, -1):
            size = batch.shape[axis]
            if extra := -size % self.size_divisor:
                last = batch.narrow(axis, size - 1, 1)
                batch = torch.cat([batch, last.repeat_interleave(extra, dim=axis)], dim=axis)
        return batch


def _to_bytes(images: Tensor) -> Tensor:
    """``[-1, 1]`` to uint8 on the CPU."""
    return images.detach().float().clamp(-1, 1).add(1).mul(127.5).round().byte().cpu()


def _size(size: tuple[int, int]) -> str:
    return f'{size[1]}x{size[0]}'
