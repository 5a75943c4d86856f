"""Benchmark of one step of training, from a batch of bytes to both players' updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import Tensor

from semsynth.apis.drawn_layout import draw_layout
from semsynth.completion import set_precision
from semsynth.config import load_config
from semsynth.engine.launch import check_synthesizer
from semsynth.models import Synthesizer
from semsynth.registry import MODELS
from semsynth.studies.benchmark.measuring import Step, Version, check_versions
from semsynth.studies.benchmark.official import check_checkout, official_options, official_step
from semsynth.studies.benchmark.plain import PlainSynthesizer

VERSIONS = ('plain', 'float32', 'channels_last', 'bfloat16', 'bfloat16_channels_last')
"""As the papers' code does it; ``semsynth train``, without ``model.channels_last``; with it; in bfloat16; with both."""
ON_REQUEST = ('bfloat16_compiled', 'graphs', 'bfloat16_graphs', 'bfloat16_channels_last_graphs', 'fused_norms',
              'bfloat16_fused_norms', 'bfloat16_channels_last_fused_norms', 'bfloat16_channels_last_fused_norms_graphs')
"""With ``model.compiled=True``, which takes minutes; with ``model.graphs=True``, ``model.fused_norms=True`` or both:
for GPUs."""
WITH_WEIGHTS = ('PerceptualLoss', 'CRNLoss', 'BackboneDiscriminator')


def step(device: str, configs: Sequence[str | Path | Config], size: tuple[int, int] | None = None, batch_size: int = 1,
         versions: Sequence[str] = VERSIONS, official: str | Path | None = None,
         cfg_options: dict | None = None) -> list[list[Version]]:
    """The models of configs, on random images and layouts of random blocks.

    Frozen networks have random weights: none need be at hand, and time does not depend on them.

    Args:
        device: what they run on.
        configs: paths or configs.
        size: height and width; by default each config's ``image_size``.
        batch_size: number of images.
        versions: names in ``VERSIONS`` or ``ON_REQUEST``.
        official: folder of a checkout of the official pix2pixHD, whose step is measured first: its code is run.
        cfg_options: entries of the configs to override.

    Raises:
        ValueError: there is no such version, or a config is no synthesizer's, or none that the official code could
            train.
        DataError: the folder is no checkout.
    """
    check_versions(versions, (*VERSIONS, *ON_REQUEST))
    folder = None if official is None else Path(official)
    if folder is not None:
        check_checkout(folder)
    groups = []
    for config in (load_config(config, cfg_options) for config in configs):
        check_synthesizer(config)
        height, width = size or config.image_size
        facts = {'config': Path(config.filename or 'config').stem, 'size': f'{height}x{width}', 'batch': batch_size}
        group = [Version({**facts, 'version': version},
                         partial(make_step, config, (height, width), batch_size, version, device), 'losses',
                         images=batch_size) for version in versions]
        if folder is not None:
            official_options(config)
            make = partial(_official, folder, config, (height, width), batch_size, device)
            group.insert(0, Version({**facts, 'version': 'official'}, make, 'its losses', images=batch_size))
        groups.append(group)
    return groups


def build(config: Config, version: str, device: str) -> tuple[Synthesizer, OptimWrapperDict]:
    """A config's model with random weights, always the same, and its optimisers, as that version has them."""
    model, players = config.model.to_dict(), config.optim_wrapper.to_dict()
    model |= {setting: setting in version for setting in ('channels_last', 'fused_norms', 'compiled', 'graphs')}
    if version == 'plain':
        model['type'] = PlainSynthesizer
    if model.get('segmentor'):
        model['segmentor']['checkpoint'] = None
    for part in _parts(model):
        if part.get('type') in WITH_WEIGHTS:
            part['weights'] = 'random'
    for player in ('generator', 'discriminator'):
        if players.get(player) and version == 'plain':
            players[player]['optimizer']['fused'] = None
    set_precision(players, 'bfloat16' if version.startswith('bfloat16') else 'float32')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build(model).to(device).train()
        return model, build_optim_wrapper(model, players)


def _parts(config: dict) -> Iterator[dict]:
    """A config, and all configs within it."""
    yield config
    for value in config.values():
        if isinstance(value, dict):
            yield from _parts(value)


def draw_batch(model: Synthesizer, size: tuple[int, int], batch_size: int) -> dict:
    """A collated batch for a model, always the same, in bytes on the CPU."""
    draw, layout = torch.Generator().manual_seed(0), draw_layout(model, size)
    inputs = {'image': torch.randint(256, (batch_size, 3, *size), generator=draw, dtype=torch.uint8),
              'edge': torch.randint(2, (batch_size, 1, *size), generator=draw, dtype=torch.uint8) * 255}
    if layout.raw is None:
        inputs['label'] = layout.label.byte().repeat(batch_size, 1, 1)
        inputs['instance'] = inputs['label'].clone()
    else:
        inputs['raw'] = layout.raw.repeat(batch_size, 1, 1, 1)
    return dict(inputs={name: list(part) for name, part in inputs.items()},
                sample=dict(name=[f'drawn_{number}' for number in range(batch_size)]))


def _official(folder: Path, config: Config, size: tuple[int, int], batch_size: int, device: str) -> Step:
    torch.backends.cudnn.benchmark = True
    model, _ = build(config, 'float32', 'cpu')
    return official_step(folder, config, model, draw_batch(model, size, batch_size), device)


def make_step(config: Config, size: tuple[int, int], batch_size: int, version: str, device: str) -> Step:
    """A step of a config's model on the batch that ``draw_batch`` makes; a graph is captured already."""
    torch.backends.cudnn.benchmark = True  # as the configs have it
    model, players = build(config, version, device)
    data = draw_batch(model, size, batch_size)

    def step() -> list[Tensor]:
        torch.manual_seed(0)
        return [torch.stack(list(model.train_step(data, players).values()))]

    if model.captured is not None:  # what is measured and compared is a replay, from the same weights as others begin
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        while not model.captured.is_settled:
            step()
        model.load_state_dict(weights)
        for player in players.values():
            for value in chain(*(state.values() for state in player.optimizer.state.values())):
                value.zero_()
    return step
