"""Synthesizer: any generator under any named losses, against any discriminator or none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from semsynth.discriminators.base import build_discriminator
from semsynth.encoders.base import Encoder
from semsynth.encoders.several import build_encoder
from semsynth.generators.base import build_generator
from semsynth.heads.base import with_classes
from semsynth.layers.norm import fuse_norms
from semsynth.layers.pointwise import take_strides_first
from semsynth.layers.spectral import one_turn
from semsynth.layout import Layout
from semsynth.losses.base import Loss, scale
from semsynth.losses.step import Step
from semsynth.models.assembly import check_assembly, resolve_views
from semsynth.models.captured import CapturedUpdate
from semsynth.models.freezing import freeze
from semsynth.models.micro_batches import Part, alone, split, update
from semsynth.parts import Parts
from semsynth.registry import LOSSES, MODELS, SEGMENTORS
from semsynth.seeds import draw_latents, seed_of
from semsynth.styles import StyleBank

NO_STYLES = ('The model was trained with styles, but there is neither a file of styles nor a photo to take them from: '
             'make a file with semsynth encode_styles and name it with --styles.')


@MODELS.register_module()
class Synthesizer(BaseModel):
    """Layout in, named images out; the one trainable model of the library.

    Args:
        data_preprocessor: config of the part that turns a batch into a layout and real images; by default of type
            ``LayoutPreprocessor``.
        generator: config; ``in_channels`` defaults to the layout's channels (and the encoder's style).
        losses: named configs of the terms; an entry that is None is dropped. Without losses it only synthesises.
        discriminator: config or None; channels, and classes where it reads them, are filled in.
        encoder: config or None of a part that adds a style or a latent to the layout, from the real image; or a list
            of configs, where one makes styles and another latents.
        segmentor: config or None of the label generator that losses read.
        views: overrides of the views that the generator's head publishes: ``{name: dict(real=, weight=) or None}``.
        reuse_outputs: whether the discriminator's turn judges the generator's turn's outputs (pix2pixHD), or
            regenerates them with the updated generator (SPADE, OASIS: one forward more).
        channels_last: whether weights, and so feature maps, lie channels last in memory: often faster in bfloat16.
        fused_norms: whether Triton kernels compute instance norms, on a GPU, in either order in memory, with SPADE's
            modulation and activation in the same pass; elsewhere nothing changes. No GPU has timed them.
        compiled: whether ``torch.compile`` compiles each player's turn, networks and losses, for minutes at the first
            step.
        graphs: whether a step of training becomes a CUDA graph, where it can be one (``CapturedUpdate``): on GPUs, for
            batches of one size.
        styles: path of a ``StyleBank``'s file, from which ``mode='predict'`` takes the styles
            that an encoder took from photos in training.
        frozen: names of parts that are not trained, such as ``'generator.global_network'``.
        micro_batch: number of images that go through the networks at once, for batches that do not fit in memory. A
            larger batch is split into parts of so many; each player is still updated once a batch.

    Raises:
        ValueError: at building, where the parts do not fit; one sentence names the part to switch on or off.
    """

    def __init__(self, data_preprocessor: dict, generator: dict, losses: dict[str, dict | None] | None = None,
                 discriminator: dict | None = None, encoder: dict | list[dict] | None = None,
                 segmentor: dict | None = None, views: dict[str, dict | None] | None = None, reuse_outputs: bool = True,
                 channels_last: bool = False, fused_norms: bool = False, compiled: bool = False,
                 graphs: bool = False, styles: str | Path | None = None, frozen: Sequence[str] | None = None,
                 micro_batch: int | None = None):
        super().__init__(MODELS.build(data_preprocessor, default_args=dict(type='LayoutPreprocessor')))
        channels = self.data_preprocessor.channels
        self.encoder = build_encoder(encoder) if encoder else None
        self.style_channels = self.encoder.style_channels if self.encoder is not None else 0
        num_classes = self.data_preprocessor.num_classes
        self.generator = build_generator(with_classes(generator, num_classes), channels + self.style_channels,
                                         num_classes, self.data_preprocessor.instances)
        self.latent_dim = self.generator.latent_dim
        image_channels = self.data_preprocessor.image_channels = self.generator.head.image_channels
        self.discriminator = build_discriminator(
            discriminator, channels, image_channels, num_classes) if discriminator else None
        self.segmentor = SEGMENTORS.build(segmentor) if segmentor else None
        built = {name: LOSSES.build(term) for name, term in (losses or {}).items() if term}
        self.losses = cast(Mapping[str, Loss], nn.ModuleDict(built))
        self.views = resolve_views(self.generator.head, views or {})
        self.reuse_outputs, self.micro_batch = reuse_outputs, micro_batch
        self.judges_at_once = self.discriminator is not None and not self.discriminator.relates_images
        self.styles = StyleBank.load(styles) if styles else None
        data = self.data_preprocessor
        data.size_divisor = math.lcm(*(part.size_divisor for part in filter(None, (
            self.generator, self.encoder, self.discriminator))))
        self.iteration = 0
        parts = Parts(self.generator, self.views, self.losses, data.num_classes, data.unknown, image_channels,
                      self.encoder.members if self.encoder is not None else (), self.discriminator, self.segmentor)
        check_assembly(parts, channels)
        if self.styles is not None:
            self.styles.check(self.style_channels)
        for loss in self.losses.values():
            loss.attach(parts)
        freeze(self, frozen or ())
        take_strides_first(self)
        if channels_last:
            self.to(memory_format=torch.channels_last)
        if fused_norms:
            fuse_norms(self)
        self.compiled = compiled
        if compiled:
            # a function for each player, not networks: these are frozen in one turn and not in the other
            self._generate = torch.compile(self._generate)  # type: ignore[method-assign]
            self._judge = torch.compile(self._judge)  # type: ignore[method-assign]
        self.captured = CapturedUpdate(parts) if graphs else None

    @property
    def players(self) -> dict[str, dict[str, nn.Module]]:
        """The parts that each player trains, by name; the encoder learns with the generator."""
        parts = dict(generator=dict(generator=self.generator, encoder=self.encoder),
                     discriminator=dict(discriminator=self.discriminator))
        own = {player: {name: part for name, part in its.items() if part is not None} for player, its in parts.items()}
        return {player: its for player, its in own.items() if its}

    def synthesize(self, layout: Layout, real: dict[str, Tensor]) -> Step:
        """The generator's outputs for a layout, as a step that losses can read; an encoder reads ``real['image']``."""
        if self.encoder is not None:
            layout = self.encoder(layout, real['image'])
        return Step(layout, real, self.generator(layout), self.views, self.discriminator, self.segmentor,
                    list(self.losses.values()), self.iteration, at_once=self.judges_at_once, generator=self.generator)

    def train_step(self, data: dict, optim_wrapper) -> dict[str, Tensor]:
        """One step of training on a collated batch: ``update_players``, and what it returns."""
        batch = self.data_preprocessor(data, training=True)
        if self.captured is None:
            return self.update_players(batch['layout'], batch['real'], optim_wrapper)
        return self.captured(self.update_players, batch['layout'], batch['real'], optim_wrapper)

    def update_players(self, layout: Layout, real: dict[str, Tensor], optim_wrapper) -> dict[str, Tensor]:
        """One generator update, then one discriminator update on the same outputs (pix2pixHD's order).

        Weights under spectral norm are computed once a turn (``one_turn``), however many batches are judged. With
        ``micro_batch`` each turn goes through all parts of the batch, and then there is its update.

        Args:
            layout: a batch of layouts.
            real: their real images by name, ``(B, 3, H, W)`` in ``[-1, 1]``.
            optim_wrapper: each player's optimiser, by name.

        Returns:
            Each player's losses, weighted and detached, as ``player/name``. For the log alone, also the parts of the
            discriminator's that are for real and for synthesised images: ``discriminator/name/real`` and
            ``discriminator/name/synthesised``.
        """
        layout.unstyled  # noqa: B018  one-hot and boundary maps are made here, out of what may be compiled
        parts = split(layout, real, self.micro_batch)
        with frozen(self.discriminator), one_turn(self):
            losses = update(optim_wrapper['generator'], (self.generator, self.encoder), parts, self._generate,
                            None if self.compiled else self)
        if self.discriminator is not None:
            running = self.discriminator if self.reuse_outputs else self
            with one_turn(running):
                losses |= update(optim_wrapper['discriminator'], (self.discriminator,), parts, self._judge,
                                 None if self.compiled else running)
        return losses

    def _generate(self, part: Part) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The generator's losses on a part of the batch; its outputs are kept for the discriminator's turn."""
        step = self.synthesize(part.layout, part.real)
        losses = self.compute_losses('generator', step)
        if self.reuse_outputs and self.discriminator is not None:
            part.step = step.detach()
        step.release()
        return losses, {}

    def _judge(self, part: Part) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The discriminator's losses on a part of the batch, and the parts of them for the log."""
        step, part.step = part.step, None
        if step is None:
            with torch.no_grad():
                step = self.synthesize(part.layout, part.real).detach()
        losses, logged = self.compute_losses('discriminator', step), self.discriminator_parts(step)
        logged |= step.logged
        step.release()
        return losses, logged

    def compute_losses(self, player: str, step: Step) -> dict[str, Tensor]:
        """The losses that train a player, weighted, as ``player/name`` with their names in the config."""
        return {f'{player}/{name}': scale(loss.weight, getattr(loss, f'for_{player}')(step))
                for name, loss in self.losses.items() if player in loss.trains}

    def discriminator_parts(self, step: Step) -> dict[str, Tensor]:
        """What the discriminator's losses are the sums of, weighted, as ``discriminator/name/part``."""
        return {f'discriminator/{name}/{part}': scale(loss.weight, value) for name, loss in self.losses.items()
                for part, value in loss.discriminator_parts(step).items()}

    def forward(self, layout: Layout, real: dict[str, Tensor] | None = None, samples: list[dict] | None = None,
                mode: str = 'tensor') -> dict[str, Tensor] | list[dict]:
        """Synthesise.

        Args:
            layout: a batch of layouts, padded to the generator's ``size_divisor``.
            real: real images by name, ``(B, 3, H, W)`` in ``[-1, 1]``; passed on by ``'predict'``.
            samples: the preprocessor's facts of each image: ``name`` and ``size`` before padding.
            mode: ``'tensor'`` gives the outputs by name; ``'predict'`` one dict per image with ``name``, ``outputs``
                (images by name, ``(3, H, W)`` uint8 RGB or ``(1, H, W)`` gray), ``label`` ``(H, W)`` (a picture ``raw``
                of image-like inputs) and, where known, ``real``.

        Raises:
            ValueError: ``'predict'`` needs a style, and there is none to be had.
        """
        if mode == 'tensor':
            return self.generator(layout)
        real = real or {}
        samples = cast(list[dict], samples)
        outputs = self.generator(self.give_style(layout, real, samples))
        return self.data_preprocessor.unbatch(layout, outputs, real, samples)

    def give_style(self, layout: Layout, real: dict[str, Tensor], samples: list[dict]) -> Layout:
        """The layout with what the generator reads beside it and it has not yet.

        A latent comes from N(0, I) and depends on the sample's name alone: never is it the real image's, whose scores
        would say little. A style comes from ``styles`` and depends on the name alone, or else, as in training, it is
        that of the real image.

        Raises:
            ValueError: there is no style.
        """
        if self.latent_dim and layout.latent is None:
            seeds = [seed_of(sample['name']) for sample in samples]
            layout = layout.with_latent(draw_latents(seeds, self.latent_dim).to(layout.device))
        if not self.style_channels or layout.style is not None:
            return layout
        if self.styles is not None:
            return self.styles.draw(layout, [seed_of(sample['name']) for sample in samples])
        if 'image' in real:
            return layout.styled(cast(Encoder, self.encoder)(layout, real['image']).style)
        raise ValueError(NO_STYLES)


@contextmanager
def frozen(module: nn.Module | None) -> Iterator[None]:
    """Keep gradients off a module's parameters: the optimiser wrapper zeroes them after a step, not before one.

    Nor do several ranks get ready to exchange any.
    """
    learning = [each for each in module.parameters() if each.requires_grad] if module is not None else []
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        with alone(module):
            yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
