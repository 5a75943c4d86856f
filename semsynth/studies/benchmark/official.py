"""The official pix2pixHD, in a checkout that the user has, timed beside ours. Nothing of it is in this library.

The checkout runs as it is. While it does, its names lead where they can be followed today and here: torchvision's
VGG19 has random weights, so that nothing is downloaded, and on a CPU ``cuda()`` and the tensor types of
``torch.cuda``, which it always asks for, stay on the CPU.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
import torchvision
from mmengine.config import Config
from torch import Tensor, nn

from semsynth.errors import DataError
from semsynth.models import Synthesizer
from semsynth.studies.benchmark.measuring import Step

NEEDED = ('models/pix2pixHD_model.py', 'options/train_options.py', 'util/image_pool.py')
"""Files of a checkout that the step reads, directly or not."""
PACKAGES = ('models', 'options', 'util', 'data')
"""What a checkout calls its packages, which others may have, too."""


def check_checkout(folder: Path) -> None:
    """Raise a DataError where a folder is no checkout of the official code."""
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        raise DataError(f'{folder} has no {missing[0]}, and is no checkout of the official pix2pixHD: make one with '
                        'git clone https://github.com/NVIDIA/pix2pixHD FOLDER.')


def official_options(config: Config) -> list[str]:
    """The options with which the official code trains what a config trains, in the words of its command line.

    Raises:
        ValueError: it has no options for a part of the config; names the part.
    """
    model, kinds = config.model, {name: loss.type for name, loss in (config.model.losses or {}).items() if loss}
    generator, discriminator, layouts = model.generator, model.get('discriminator') or {}, model.data_preprocessor
    for part, found, known in (
            ('generator', generator.type, ('GlobalGenerator', 'LocalEnhancer')),
            ('generator.head', (generator.get('head') or {}).get('type', 'RGBHead'), ('RGBHead',)),
            ('discriminator', discriminator.get('type'), ('MultiScaleDiscriminator',)),
            ('discriminator.norm', discriminator.get('norm'), ('instance',)),
            ('encoder', (model.get('encoder') or {}).get('type'), (None, 'InstanceFeatureEncoder')),
            ('data_preprocessor.raw_channels', layouts.get('raw_channels'), (None,)),
            *((f'losses.{name}', kind, ('LeastSquaresLoss', 'FeatureMatchingLoss', 'PerceptualLoss'))
              for name, kind in kinds.items())):
        if found not in known:
            raise ValueError(f'{config.filename or "The config"}: model.{part} is {found}, for which the official '
                             f'pix2pixHD has no option: it knows {" and ".join(map(str, known))}. Leave out the '
                             'official code, or take a config of semsynth::pix2pixhd.')
    given: dict[str, Any] = dict(
        label_nc=layouts.num_classes, ngf=generator.get('base_channels'), ndf=discriminator.get('base_channels'),
        n_layers_D=discriminator.get('num_layers'), num_D=discriminator.get('num_scales'))
    if generator.type == 'GlobalGenerator':
        given |= dict(netG='global', n_downsample_global=generator.get('num_downsamples'),
                      n_blocks_global=generator.get('num_blocks'))
    else:
        given |= dict(netG='local', n_downsample_global=generator.get('num_global_downsamples'),
                      n_blocks_global=generator.get('num_global_blocks'), n_blocks_local=generator.get('num_blocks'),
                      n_local_enhancers=generator.get('num_enhancers'))
    switches = [switch for switch, on in dict(
        no_instance=not layouts.get('instances'), no_vgg_loss='PerceptualLoss' not in kinds.values(),
        no_ganFeat_loss='FeatureMatchingLoss' not in kinds.values(), instance_feat=bool(model.get('encoder'))).items()
        if on]
    if encoder := model.get('encoder'):
        given |= dict(feat_num=encoder.get('out_channels'), nef=encoder.get('base_channels'),
                      n_downsample_E=encoder.get('num_downsamples'))
    words = [word for name, value in given.items() if value is not None for word in (f'--{name}', str(value))]
    return [*words, *(f'--{switch}' for switch in switches)]


def official_step(folder: Path, config: Config, ours: Synthesizer, data: dict, device: str) -> Step:
    """A step of the official code's model, built with options equal to a config's.

    Args:
        folder: the checkout.
        config: what ours was built of.
        ours: says how many parameters the networks have, and how images are read.
        data: a collated batch, as its step takes it.
        device: what it runs on.

    Raises:
        ValueError: the checkout cannot be imported, or its networks are not as large as ours.
    """
    with _as_it_was(device), redirect_stdout(StringIO()):
        model = _build(folder, official_options(config), device)
    for name, network in dict(generator=model.netG, discriminator=model.netD).items():
        sizes = [sum(parameter.numel() for parameter in part.parameters())
                 for part in (network, getattr(ours, name))]
        if sizes[0] != sizes[1]:
            raise ValueError(f'{folder}: its {name} has {sizes[0]:,} parameters, the config\'s {sizes[1]:,}; they '
                             'cannot be compared.')
    batch = ours.data_preprocessor(data)
    label, instance = (part.unsqueeze(1).cpu() for part in (
        batch['layout'].label.float(), batch['layout'].objects))
    image, none = batch['real']['image'].cpu(), torch.zeros(1)

    def step() -> list[Tensor]:
        with _as_it_was(device):
            losses, _ = model(label, instance, image, none)
            by_name = dict(zip(model.loss_names, losses, strict=True))
            generator = sum(loss for name, loss in by_name.items() if name.startswith('G_'))
            discriminator = (by_name['D_fake'] + by_name['D_real']) * 0.5
            for optimizer, loss in ((model.optimizer_G, generator), (model.optimizer_D, discriminator)):
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return [torch.stack([loss.detach() for loss in losses])]

    return step


def _build(folder: Path, words: list[str], device: str) -> Any:
    try:
        with _importing_from(folder):
            options = import_module('options.train_options').TrainOptions()
            options.initialize()
            given: Namespace = options.parser.parse_args(words)
            model = import_module('models.pix2pixHD_model').Pix2PixHDModel()
    except (ImportError, AttributeError) as error:
        raise ValueError(f'{folder} cannot be imported: {error}. Is it a whole checkout of '
                         'https://github.com/NVIDIA/pix2pixHD?') from error
    given.isTrain = True
    given.gpu_ids = [torch.device(device).index or 0] if device.startswith('cuda') else []
    model.initialize(given)
    return model.train()


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Within it the checkout's packages are found by their names; afterwards nothing has changed for anyone else."""
    def its() -> list[str]:
        return [name for name in sys.modules if name.partition('.')[0] in PACKAGES]

    aside, before = {name: sys.modules.pop(name) for name in its()}, list(sys.path)
    sys.path.insert(0, str(folder.resolve()))
    try:
        yield
    finally:
        sys.path[:] = before
        for name in its():
            del sys.modules[name]
        sys.modules.update(aside)


@contextmanager
def _as_it_was(device: str) -> Iterator[None]:
    """Within it, what the official code asks of torch and torchvision is there."""
    def random_vgg19(*args: object, **kwargs: object) -> SimpleNamespace:
        return SimpleNamespace(features=torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs['E']))

    def stay(part: object, *args: object, **kwargs: object) -> object:
        return part

    with ExitStack() as patches:
        patches.enter_context(patch.object(torchvision.models, 'vgg19', random_vgg19))
        if device == 'cpu':
            for owner, name, place in ((Tensor, 'cuda', stay), (nn.Module, 'cuda', stay),
                                       (torch.cuda, 'FloatTensor', torch.FloatTensor),
                                       (torch.cuda, 'ByteTensor', torch.ByteTensor)):
                patches.enter_context(patch.object(owner, name, place))
        yield
