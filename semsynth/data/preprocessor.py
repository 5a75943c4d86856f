"""LayoutPreprocessor: a batch of samples to a layout and real images on the device, and back to pictures."""

from __future__ import annotations

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from semsynth.layout import Layout
from semsynth.registry import MODELS

WORDS = dict(label='label map', raw='raw input')
HALF = {torch.uint8: 127.5, torch.uint16: 32767.5}
LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G and B in gray (ITU-R BT.601)."""


@MODELS.register_module()
class LayoutPreprocessor(BaseDataPreprocessor):
    """Samples as ``PackScene`` makes them to a ``Layout`` and real images in ``[-1, 1]``.

    Moves bytes to the device and converts there. Pads right and bottom to ``size_divisor`` by replication, so that no
    false boundary appears; ``unbatch`` crops.

    Args:
        num_classes: number of one-hot channels; 0 for image-like inputs in place of label maps.
        unknown: the index that means no class, or None.
        instances: whether the layout has instances, and so a boundary channel.
        raw_channels: channels of the image-like inputs, or None. 0..255 of 8 bit ones and 0..65535 of 16 bit ones
            become -1..1; floats stay as they are.
        non_blocking: whether copies to the device may overlap with the host's work.

    Attributes:
        size_divisor: the generator's; whoever builds both fills it in.
        image_channels: 3, or 1 where the head makes gray images and real ones are to be gray too; filled in likewise.

    Raises:
        ValueError: the layout is to have both classes and raw channels, or neither; or raw channels and instances.
    """

    def __init__(self, num_classes: int, unknown: int | None = None, instances: bool = False,
                 raw_channels: int | None = None, non_blocking: bool = True):
        super().__init__(non_blocking)
        if bool(num_classes) == bool(raw_channels):
            raise ValueError(f'data_preprocessor: num_classes={num_classes} and raw_channels={raw_channels}, but a '
                             'layout is either a label map (num_classes=N) or an image-like input (num_classes=0, '
                             'raw_channels=C).')
        if raw_channels and instances:
            raise ValueError(f'data_preprocessor: raw_channels={raw_channels} and instances=True, but an image-like '
                             'input takes the place of label and instance maps: set instances=False (a boundary map '
                             'can be one of the raw channels).')
        self.num_classes, self.unknown, self.instances = num_classes, unknown, instances
        self.raw_channels = raw_channels
        self.channels = raw_channels or num_classes + instances
        self.size_divisor, self.image_channels = 1, 3

    def forward(self, data: dict, training: bool = False) -> dict:
        """Batch the samples.

        Args:
            data: ``dict(inputs=dict(label=[...], ...), sample=dict(name=[...], ...))``: collated samples.
            training: mmengine's argument; both modes do the same.

        Returns:
            ``dict(layout, real, samples)``: the layout; real images by name (``'image'``, ``'edge'``),
            ``(B, 3, H, W)`` float in ``[-1, 1]`` (the image ``(B, 1, H, W)`` with one image channel); name and size
            (height, width) of each sample before padding, and, where the data set has ``full_size=True``, ``full``:
            ``label`` ``(h, w)`` long and, where there is a photo, ``image`` ``(3, h, w)`` uint8 RGB or ``(1, h, w)``
            gray, as on disk.

        Raises:
            ValueError: sizes differ within the batch, a label is none of the classes, or what the layout is made of is
                missing or has other channels.
        """
        inputs, names = data['inputs'], list(data['sample']['name'])
        self._check(inputs, names)
        on_device = {key: list(self.cast_data(parts)) for key, parts in inputs.items()}
        # first of all: ids are packed as narrow as each sample's may be, and GPUs know 16 bits unsigned hardly at all
        for key, convert in dict(raw=_to_floats, label=Tensor.long, instance=Tensor.long).items():
            if key in on_device:
                on_device[key] = list(map(convert, on_device[key]))
        batch = {key: self._pad(_as_batch(parts)) for key, parts in on_device.items()}
        layout = Layout(raw=batch['raw']) if self.raw_channels else Layout(
            batch['label'], self.num_classes, self.unknown, batch['instance'] if self.instances else None)
        real = {key: _to_floats(batch[key]) for key in ('image', 'edge') if key in batch}
        if 'edge' in real:
            real['edge'] = real['edge'].expand(-1, 3, -1, -1)
        if self.image_channels == 1 and 'image' in real:
            real['image'] = to_gray(real['image'])
        samples = [dict(name=name, size=tuple(part.shape[-2:]))
                   for name, part in zip(names, inputs[self.layout_key], strict=True)]
        for key, parts in data['sample'].get('full', {}).items():
            for sample, part in zip(samples, parts, strict=True):
                sample.setdefault('full', {})[key] = self._as_judged(part) if key == 'image' else part.long()
        return dict(layout=layout, real=real, samples=samples)

    def unbatch(self, layout: Layout, outputs: dict[str, Tensor], real: dict[str, Tensor],
                samples: list[dict]) -> list[dict]:
        """One dict per image, on the CPU, cropped to its size before padding.

        Returns:
            ``name``; ``outputs`` and ``real``: images by name, ``(3, h, w)`` uint8 RGB or ``(1, h, w)`` gray (what has
            other channels is left out); ``label`` ``(h, w)`` long, or, of image-like inputs, ``raw``: the first 3
            channels ``(3, h, w)`` uint8, or the first one where there are less than 3, ``(1, h, w)``; ``full`` as of
            the samples, where they have it.
        """
        pictures = {name: _to_bytes(output) for name, output in outputs.items() if output.shape[1] in (1, 3)}
        originals = {name: _to_bytes(image) for name, image in real.items()}
        shown = layout.label.cpu() if layout.raw is None else _to_bytes(
            layout.raw[:, :3 if layout.raw.shape[1] >= 3 else 1])
        return [{'name': sample['name'], self.layout_key: shown[i, ..., :height, :width],
                 'outputs': {name: image[i, :, :height, :width] for name, image in pictures.items()},
                 'real': {name: image[i, :, :height, :width] for name, image in originals.items()},
                 **({'full': sample['full']} if 'full' in sample else {})}
                for i, sample in enumerate(samples) for height, width in [sample['size']]]

    @property
    def layout_key(self) -> str:
        """What layouts are made of: ``'label'`` or ``'raw'``."""
        return 'raw' if self.raw_channels else 'label'

    def _as_judged(self, photo: Tensor) -> Tensor:
        return photo if self.image_channels == 3 else to_gray(photo[None].float())[0].round().byte()

    def _check(self, inputs: dict[str, list[Tensor]], names: list[str]) -> None:
        key = self.layout_key
        if key not in inputs:
            setting, load = (f'raw_channels={self.raw_channels}', 'LoadRaw') if self.raw_channels else (
                f'num_classes={self.num_classes}', 'LoadLabel')
            raise ValueError(f'data_preprocessor: {setting}, but the samples have no {WORDS[key]}s: they have '
                             f'{", ".join(inputs)}; give the dataset and the data_preprocessor the same raw_channels, '
                             f'and {load} a place in the pipeline.')
        if self.instances and 'instance' not in inputs:
            raise ValueError('data_preprocessor: instances=True, but the samples have no instance maps: set '
                             'instances=True on the dataset too, or False on both.')
        first = tuple(inputs[key][0].shape[-2:])
        for i, name in enumerate(names):
            sizes = {key: tuple(parts[i].shape[-2:]) for key, parts in inputs.items()}
            for other, size in sizes.items():
                if size != first:
                    raise ValueError(
                        f'The sizes in a batch differ: the {WORDS[key]} of {names[0]} is {_size(first)}, but the '
                        f'{other} of {name} is {_size(size)}: give the data set a size of height and width '
                        '(image_size in a config), or set batch_size=1.')
            if self.raw_channels:
                if len(inputs['raw'][i]) != self.raw_channels:
                    raise ValueError(f'data_preprocessor: raw_channels={self.raw_channels}, but the raw input of '
                                     f'{name} has {len(inputs["raw"][i])} channels: give the model the raw_channels of '
                                     'its dataset.')
                continue
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


def to_gray(images: Tensor) -> Tensor:
    """RGB ``(B, 3, H, W)`` to gray ``(B, 1, H, W)`` of the same range."""
    return sum(share * band for share, band in zip(LUMA, images.split(1, dim=1), strict=True))


def _as_batch(images: list[Tensor]) -> Tensor:
    """Images of one size as a batch; one alone is not copied."""
    return images[0].unsqueeze(0) if len(images) == 1 else torch.stack(images)


def _to_floats(images: Tensor) -> Tensor:
    """Bytes and 16 bit integers to ``[-1, 1]``, floats as they are: float32."""
    images, half = images.float(), HALF.get(images.dtype)
    return images if half is None else images / half - 1


def _to_bytes(images: Tensor) -> Tensor:
    """``[-1, 1]`` to uint8 on the CPU."""
    return images.detach().float().clamp(-1, 1).add(1).mul(127.5).round().byte().cpu()


def _size(size: tuple[int, ...]) -> str:
    return f'{size[0]}x{size[1]}'
