"""LGGANHead: LGGAN's global image, class by class local image, and their sum by learned weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.errors import check_option
from semsynth.heads.base import Head, View
from semsynth.layers.class_convolution import ClassConvolution
from semsynth.layout import Layout
from semsynth.ops.class_specific import class_specific_image, masked_class_specific_image
from semsynth.registry import HEADS


@HEADS.register_module()
class LGGANHead(Head):
    """LGGAN's head (Tang et al., CVPR 2020): a global image, a local one made class by class, and their fusion.

    Outputs, all float32: ``'global'``, of a 3x3 convolution; ``'class_specific'``, where each pixel is computed by its
    class's own 7x7 convolution, from the features of that class's pixels alone; ``'local'``, the local image that is
    made of these; ``'image'``, local and global image times two weights for each pixel, which a softmax makes sum up
    to 1; images are ``(B, 3, H, W)`` in ``[-1, 1]``. ``'class_scores'``, ``(B, N, N)``: for each class the scores,
    before softmax, of what class its features belong to.

    The released code computes a class's convolution over the whole image, and so for classes that are absent too, and
    does not mask the result; here each pixel belongs to its class alone. The unknown class has kernels as any other,
    so that the local image has no hole.

    Args:
        in_channels: channels C of the features; filled in by the generator.
        num_classes: one-hot channels N of the layouts; filled in by the model.
        split: whether the features are three equal parts, of the global branch, of the local one and of the weights,
            as those of ``LGGANGenerator``; otherwise each of the three reads all.
        join: how the local image is made of the classes': ``'convolution'``: a 3x3 convolution of all classes' images,
            3N channels, and tanh (released code); ``'sum'``: it is their sum (paper).
        class_scores: the scores that ``ClassScoreLoss`` reads.

    Raises:
        ValueError: unknown ``join``, or features that cannot be split in three; in forward, a layout without a label
            map or with other classes.
    """

    filled_in = ('num_classes',)
    reads_label_map = True

    def __init__(self, in_channels: int, num_classes: int, split: bool = False, join: str = 'convolution',
                 class_scores: bool = True):
        check_option('LGGANHead', 'join', join, ('convolution', 'sum'))
        if split and in_channels % 3:
            raise ValueError(f'LGGANHead: {in_channels} channels cannot be split in three; set split=False.')
        images = {'image': View(), 'global': View(), 'local': View(), 'class_specific': View(weight=0.0)}
        extras = ('class_scores',) * class_scores
        super().__init__(in_channels, (*images, *extras), images, ('image', *extras))
        self.num_classes, self.split = num_classes, split
        channels = in_channels // 3 if split else in_channels
        self.global_image = nn.Conv2d(channels, 3, 3, padding=1)
        self.class_images = ClassConvolution(num_classes, channels, 3, kernel_size=7)
        self.joined = nn.Conv2d(3 * num_classes, 3, 3, padding=1) if join == 'convolution' else None
        self.classify = nn.Linear(channels, num_classes) if class_scores else None
        self.weigh = nn.Conv2d(channels, 2, 1)
        self.fixed_shapes = False  # whether every class's convolution runs over the whole image

    @property
    def captions(self) -> dict[str, str]:
        """Its images by the paper's words."""
        return {'image': 'the image', 'global': 'global image', 'local': 'local image',
                'class_specific': "the classes' own images"}

    @property
    def weight_captions(self) -> dict[str, str]:
        """Of its weight maps."""
        return dict(local_weight='weight of the local image', global_weight='weight of the global image')

    def forward(self, features: Tensor, layout: Layout) -> dict[str, Tensor]:
        """Features ``(B, C, H, W)`` and their layout to the outputs named above."""
        self.check_layout(layout)
        for_global, for_local, for_weights = self._parts(features)
        wide = torch.tanh(self.global_image(for_global).float())
        classes = self._class_specific(for_local, layout)
        local = classes if self.joined is None else torch.tanh(self.joined(_apart(classes, layout)).float())
        weights = self._weights(for_weights)
        outputs = {'image': weights[:, :1] * local + weights[:, 1:] * wide, 'global': wide, 'local': local,
                   'class_specific': classes}
        if self.classify is not None:
            outputs['class_scores'] = self.classify(_pool(for_local, layout)).float()
        return outputs

    def inner_values(self, features: Tensor, layout: Layout) -> dict[str, Tensor | list[Tensor]]:
        """The weights of the local and of the global image, ``(B, 1, H, W)`` each."""
        local, wide = self._weights(self._parts(features)[2]).split(1, 1)
        return dict(local_weight=local, global_weight=wide)

    def drop_extras(self) -> None:
        """Drop the scores of the classes."""
        self.classify = None
        self.outputs = tuple(self.views)

    def fix_shapes(self) -> None:
        """Run each class's convolution over the whole image."""
        self.fixed_shapes = True

    def _parts(self, features: Tensor) -> tuple[Tensor, ...]:
        """The features of the global branch, of the local one and of the weights."""
        features = F.leaky_relu(features, 0.2)
        return features.chunk(3, dim=1) if self.split else (features,) * 3

    def _weights(self, features: Tensor) -> Tensor:
        """Of the local and the global image, ``(B, 2, H, W)`` float32."""
        return self.weigh(features).float().softmax(dim=1)

    def _class_specific(self, features: Tensor, layout: Layout) -> Tensor:
        """The sum of the classes' images, each masked before and after its reflection-padded convolution."""
        border = self.class_images.kernels.shape[-1] // 2
        sides = (border,) * 4
        # the mirrored pixels keep their class; only integers that are floats can be mirrored, and small ones are exact
        label = F.pad(layout.label.float(), sides, mode='reflect').long()
        compute = masked_class_specific_image if self.fixed_shapes else class_specific_image
        image = compute(F.pad(features, sides, mode='reflect'), label,
                        [(self.class_images.kernels, self.class_images.bias)])
        return image[..., border:-border, border:-border]


def _apart(image: Tensor, layout: Layout) -> Tensor:
    """Each class's part of an image in channels of its own, ``(B, 3N, H, W)``."""
    return (layout.one_hot.unsqueeze(2) * image.unsqueeze(1)).flatten(1, 2)


def _pool(features: Tensor, layout: Layout) -> Tensor:
    """The features of each class's pixels, summed and divided by the number of all pixels, ``(B, N, C)``."""
    one_hot = layout.one_hot.flatten(2)
    return one_hot.to(features.dtype) @ features.flatten(2).mT / one_hot.shape[2]
