"""Backbones of mmseg and torchvision, turned to read layouts."""

from __future__ import annotations

import difflib
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from semsynth.checkpoints import load_checkpoint
from semsynth.weights import find_weights


class Levels(nn.Sequential):
    """Layers one after another, that give the last features of each size."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """``(B, C, H, W)`` to features ``(B, C_i, H_i, W_i)``, finest first."""
        levels = []
        for number, layer in enumerate(self):
            before, x = x, layer(x)
            if number and x.shape[-2:] != before.shape[-2:]:
                levels.append(before)
        return [*levels, x]


def build_backbone(backbone: str | dict, in_channels: int, pretrained: str | Path | None = None) -> nn.Module:
    """A network that turns ``(B, in_channels, H, W)`` to a list of features, finest first.

    Where ``in_channels`` are not those of its first convolution, that one is made anew.

    Args:
        backbone: name of a torchvision classifier whose layers follow one another, such as ``'resnet50'``, ``'vgg16'``
            or ``'alexnet'``, or config of an mmseg backbone, ``dict(type='ResNetV1c', depth=50)``. What the config says
            of weights to download is left out.
        in_channels: channels of what it reads.
        pretrained: path or URL of weights; what else than the backbone is in the file is left out.

    Raises:
        FileNotFoundError: there is no such file of weights.
        ValueError: there is no such classifier or backbone, or the weights are another network's.
    """
    network = _classifier(backbone) if isinstance(backbone, str) else _mmseg_backbone(backbone)
    if pretrained is not None:
        _load(network, pretrained, backbone if isinstance(backbone, str) else backbone['type'])
    if isinstance(backbone, str):
        network = Levels(*_layers(network, backbone))
    name, first = next((name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d))
    if first.in_channels != in_channels:
        network.set_submodule(name, nn.Conv2d(in_channels, first.out_channels, first.kernel_size, first.stride,
                                              first.padding, bias=first.bias is not None))
    return network


def levels_of(network: nn.Module, x: Tensor) -> list[Tensor]:
    """A backbone's features ``(B, C_i, H_i, W_i)``, finest first (mmseg's UNet gives the coarsest first)."""
    return sorted(network(x), key=lambda features: -features.shape[-1])


def level_channels(network: nn.Module, in_channels: int) -> list[int]:
    """Channels of each of a backbone's features, finest first.

    Raises:
        ValueError: a layer is behind all of its features, and would never learn.
    """
    device = next(network.parameters()).device
    network.eval()
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    with torch.enable_grad():
        x = torch.zeros(1, in_channels, 64, 64, device=device, requires_grad=True)
        levels = levels_of(network, x)
        # of x, too: all stages may be frozen
        _, *gradients = torch.autograd.grad(sum(level.sum() for level in levels), [x, *trained.values()],
                                            allow_unused=True)
    network.train()
    unread = [name for name, gradient in zip(trained, gradients, strict=True) if gradient is None]
    if unread:
        raise ValueError(f'backbone: no features that {type(network).__name__} gives depend on {unread[0]} '
                         f'({len(unread)} parameters in all), so that these would never learn; name the last stage in '
                         'out_indices, or build no stages behind it (num_stages).')
    return [level.shape[1] for level in levels]


def _classifier(name: str) -> nn.Module:
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3) or known
        raise ValueError(f'backbone={name!r} is no classifier of torchvision; did you mean {" or ".join(near)}? A '
                         'backbone of mmseg is given as dict(type=...).')
    return models.get_model(name, weights=None)


def _layers(network: nn.Module, name: str) -> list[nn.Module]:
    """What comes before the global pooling, after which nothing has a place any more."""
    if isinstance(getattr(network, 'features', None), nn.Sequential) and hasattr(network, 'classifier'):
        return list(network.features)
    children = dict(network.named_children())
    if not {'conv1', 'layer4', 'avgpool'} <= children.keys():
        raise ValueError(f'backbone={name!r}: its layers do not follow one another as those of ResNet, VGG, AlexNet, '
                         'DenseNet, MobileNet, EfficientNet or ConvNeXt do; use one of these, or a backbone of mmseg.')
    return list(children.values())[:list(children).index('avgpool')]


def _mmseg_backbone(config: dict) -> nn.Module:
    # mmseg takes seconds to import, and most models have no use for it.
    from mmengine.model import revert_sync_batchnorm
    from mmengine.registry import DefaultScope
    from mmseg.registry import MODELS

    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
        import mmseg.models  # noqa: F401  (registers every backbone)

    if MODELS.get(str(config.get('type'))) is None:
        near = difflib.get_close_matches(str(config.get('type')), MODELS.module_dict, n=3)
        raise ValueError(f"backbone: type={config.get('type')!r} is no backbone of mmseg"
                         + (f'; did you mean {" or ".join(near)}?' if near else ', such as ResNetV1c.'))
    config = {key: value for key, value in config.items() if key not in ('pretrained', 'init_cfg')}
    with DefaultScope.overwrite_default_scope('mmseg'):
        return revert_sync_batchnorm(MODELS.build(config))


def _load(network: nn.Module, source: str | Path, name: str) -> None:
    path = find_weights(source)
    stored = load_checkpoint(path)
    state = {key.removeprefix('backbone.'): value for key, value in stored.get('state_dict', stored).items()}
    # Files from before torch 0.4.1 do not count batches.
    own = {key: value for key, value in network.state_dict().items() if not key.endswith('num_batches_tracked')}
    wrong = [key for key, value in own.items() if key not in state or state[key].shape != value.shape]
    if wrong:
        raise ValueError(f'backbone: the weights {path} are not those of {name}: {", ".join(wrong[:3])} '
                         f'({len(wrong)} in all) are not there, or of another shape.')
    network.load_state_dict({key: state[key] for key in own}, strict=False)
