"""Backbones of mmseg and torchvision, adapted to read layouts."""

from __future__ import annotations

import copy
import inspect
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from semsynth.errors import did_you_mean
from semsynth.layers.norm import mend_norms
from semsynth.weights import find_weights, load_checkpoint, weights_in


class Levels(nn.Sequential):
    """A sequence of layers that returns the last features of each size."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """``(B, C, H, W)`` to features ``(B, C_i, H_i, W_i)``, finest first."""
        levels = []
        for number, layer in enumerate(self):
            before, x = x, layer(x)
            if number and x.shape[-2:] != before.shape[-2:]:
                levels.append(before)
        return [*levels, x]


def build_backbone(backbone: str | dict, in_channels: int, pretrained: str | Path | None = None) -> nn.Module:
    """A backbone: ``(B, in_channels, H, W)`` to a list of features, finest first.

    A backbone of mmseg that has an argument ``in_channels`` and no weights to load is built with it. In any other, the
    first convolution is replaced where it reads another number of channels.

    Args:
        backbone: name of a torchvision classifier whose layers follow one another, such as ``'resnet50'``, ``'vgg16'``
            or ``'alexnet'``, or config of an mmseg backbone, ``dict(type='ResNetV1c', depth=50)``. Weights that the
            config would download are ignored.
        in_channels: channels of its input.
        pretrained: path or URL of weights; other networks in the file are ignored.

    Raises:
        FileNotFoundError: there is no such file of weights.
        ValueError: there is no such classifier or backbone, or the weights are another network's.
    """
    if isinstance(backbone, str):
        network = _classifier(backbone)
    else:
        network = _mmseg_backbone(backbone, in_channels if pretrained is None else None)
    if pretrained is not None:
        _load(network, pretrained, backbone if isinstance(backbone, str) else backbone['type'])
    if isinstance(backbone, str):
        network = Levels(*_layers(network, backbone))
    name, first = next((name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d))
    if first.in_channels != in_channels:
        settings: dict[str, Any] = dict(kernel_size=first.kernel_size, stride=first.stride, padding=first.padding)
        network.set_submodule(name, nn.Conv2d(in_channels, first.out_channels, bias=first.bias is not None, **settings))
    return mend_norms(network)


def levels_of(network: nn.Module, x: Tensor) -> list[Tensor]:
    """A backbone's features ``(B, C_i, H_i, W_i)``, finest first (mmseg's UNet gives the coarsest first)."""
    levels = network(x)
    return sorted([levels] if isinstance(levels, Tensor) else levels, key=lambda features: -features.shape[-1])


def level_channels(network: nn.Module, in_channels: int) -> list[int]:
    """Channels of each of a backbone's features, finest first, found by running it once on small inputs.

    Raises:
        ValueError: it does not turn such inputs into features, or returns others in training than in evaluation; or
            no feature depends on one of its layers, which would never learn.
    """
    kind, probe = type(network).__name__, copy.deepcopy(network)  # batch norms take statistics of what they see
    x = torch.zeros(2, in_channels, 64, 64, device=next(network.parameters()).device, requires_grad=True)
    try:
        probe.eval()  # mmseg's do not return themselves
        with torch.no_grad():
            evaluated = [tuple(level.shape) for level in levels_of(probe, x)]
        probe.train()
        with torch.enable_grad():
            levels = levels_of(probe, x)
        channels = [level.shape[1] for level in levels]
    except Exception as error:
        raise ValueError(f'backbone: {kind} does not turn inputs of {in_channels} channels and 64x64 pixels to a list '
                         f'of features: {error}. Correct its config, or use another backbone.') from error
    if evaluated != [tuple(level.shape) for level in levels]:
        raise ValueError(f'backbone: {kind} gives {len(levels)} features in training and {len(evaluated)} in '
                         'evaluation, where they must be the same; use another backbone.')
    with torch.enable_grad():
        torch.stack([level.sum() for level in levels]).sum().backward()
    trained = [(name, each) for name, each in probe.named_parameters() if each.requires_grad]
    unread = [name for name, each in trained if each.grad is None]
    if unread:
        raise ValueError(f'backbone: no features that {kind} gives depend on {unread[0]} ({len(unread)} parameters in '
                         'all), so that these would never learn; name the last stage in out_indices, or build no '
                         'stages behind it (num_stages).')
    return channels


def _classifier(name: str) -> nn.Module:
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise ValueError(f'backbone={name!r} is no classifier of torchvision: '
                         + did_you_mean(name, known, 'one of them is resnet50.')
                         + ' A backbone of mmseg is given as dict(type=...).')
    return models.get_model(name, weights=None)


def _layers(network: nn.Module, name: str) -> list[nn.Module]:
    """The layers before the global pooling."""
    features = getattr(network, 'features', None)
    if isinstance(features, nn.Sequential) and hasattr(network, 'classifier'):
        return list(features)
    children = dict(network.named_children())
    if not {'conv1', 'layer4', 'avgpool'} <= children.keys():
        raise ValueError(f'backbone={name!r}: its layers do not follow one another as those of ResNet, VGG, AlexNet, '
                         'DenseNet, MobileNet, EfficientNet or ConvNeXt do; use one of these, or a backbone of mmseg.')
    return list(children.values())[:list(children).index('avgpool')]


def mmseg_models() -> ModuleType:
    """mmseg's models, imported when they are first needed: that takes seconds, and most models have no use for them."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
        import mmseg.models
    return mmseg.models


def _mmseg_backbone(config: dict, in_channels: int | None) -> nn.Module:
    from mmengine.model import revert_sync_batchnorm
    from mmengine.registry import DefaultScope

    mmseg_models()  # registers every backbone
    from mmseg.registry import MODELS

    network = MODELS.get(str(config.get('type')))
    if network is None:
        raise ValueError(f"backbone: type={config.get('type')!r} is no backbone of mmseg: "
                         + did_you_mean(str(config.get('type') or ''), MODELS.module_dict, 'one of them is ResNetV1c.'))
    config = {key: value for key, value in config.items() if key not in ('pretrained', 'init_cfg')}
    if in_channels and any('in_channels' in inspect.signature(each.__init__).parameters for each in network.__mro__):
        config['in_channels'] = in_channels
    with DefaultScope.overwrite_default_scope('mmseg'):
        return revert_sync_batchnorm(MODELS.build(config))


def _load(network: nn.Module, source: str | Path, name: str) -> None:
    path = find_weights(source)
    state = {key.removeprefix('backbone.'): value for key, value in weights_in(load_checkpoint(path), path).items()}
    # Files from before torch 0.4.1 do not count batches.
    own = {key: value for key, value in network.state_dict().items() if not key.endswith('num_batches_tracked')}
    wrong = [key for key, value in own.items() if key not in state or state[key].shape != value.shape]
    if wrong:
        raise ValueError(f'backbone: the weights {path} are not those of {name}: {", ".join(wrong[:3])} '
                         f'({len(wrong)} in all) are not there, or of another shape.')
    network.load_state_dict({key: state[key] for key in own}, strict=False)
