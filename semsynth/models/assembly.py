"""Do the parts of a model fit together? Checked once, when it is built, so that no step fails or trains in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from semsynth.heads.base import View
from semsynth.losses.base import Loss
from semsynth.parts import Parts

if TYPE_CHECKING:
    from semsynth.models.synthesizer import Synthesizer


def resolve_views(head: nn.Module, overrides: dict[str, dict | None]) -> dict[str, View]:
    """The head's default views with the config's overrides: a dict retunes or adds a view, None drops it."""
    views = {name: dict(real=view.real, weight=view.weight) for name, view in head.views.items()}
    for name, override in overrides.items():
        views[name] = None if override is None else {**(views.get(name) or {}), **override}
    return {name: View(**view) for name, view in views.items() if view is not None}


def check_assembly(model: Synthesizer, channels: int) -> None:
    """Raise ValueError, in one sentence that names the part to change, where the parts do not fit."""
    head = model.generator.head
    made = tuple(head.outputs)
    if model.generator.in_channels != channels + model.style_channels:
        raise ValueError(f'generator: in_channels={model.generator.in_channels}, but the layout has '
                         f'{channels + model.style_channels} channels; leave in_channels out to have it filled in.')
    if model.styles is not None and model.styles.centres.shape[1] != model.style_channels:
        raise ValueError(f'styles: the file has styles of {model.styles.centres.shape[1]} numbers, but the model reads '
                         f'{model.style_channels}; make one from this model with tools/encode_styles.py.')
    _check_encoder(model)
    classes = model.data_preprocessor.num_classes
    if not classes:
        _check_raw(model)
    elif head.reads_label_map and head.num_classes not in (None, classes):
        raise ValueError(f'generator.head: {type(head).__name__} has num_classes={head.num_classes}, but the layout '
                         f'has {classes}; give both the same.')
    for name in model.views:
        if name not in made:
            raise ValueError(f'views: {name!r} is not an output of {type(head).__name__}, which makes '
                             f'{", ".join(made)}; drop it with views=dict({name}=None).')
    if not model.losses:
        if model.discriminator is not None:
            raise ValueError('discriminator: no loss trains it; add an adversarial loss or set discriminator=None.')
        return
    if model.discriminator is not None and model.discriminator.kinds is not None:
        _check_kinds(model)
    for name, loss in model.losses.items():
        _check_loss(name, loss, model, made)
    read = {view for loss in model.losses.values() for view in loss.weights(model.views)}
    read |= {output for loss in model.losses.values() for output in loss.reads}
    for output in head.must_be_read:
        if output not in read:
            raise ValueError(f'head: nothing reads the output {output!r}, so that its parameters would never learn; '
                             f'add a loss that reads it or switch that part of {type(head).__name__} off.')
    if not any(charges(loss, 'generator') for loss in model.losses.values()):
        raise ValueError(f'generator: no loss trains it, only the discriminator pays for {", ".join(model.losses)}; '
                         'add an adversarial loss.')
    if model.discriminator is not None and not any(charges(loss, 'discriminator') for loss in model.losses.values()):
        raise ValueError('discriminator: no loss trains it; add an adversarial loss or set discriminator=None.')
    if model.segmentor is not None and not any(loss.labels for loss in model.losses.values()):
        raise ValueError('segmentor: no loss reads the label generator; set segmentor=None, or add such a loss.')
    if model.segmentor is not None and model.data_preprocessor.num_classes:
        model.segmentor.check_layout(model.data_preprocessor.num_classes, model.data_preprocessor.unknown)


def _check_encoder(model: Synthesizer) -> None:
    """The generator must read what an encoder makes."""
    for encoder in model.encoder.members if model.encoder is not None else ():
        encoder.check(_parts(model))
        made, read = encoder.latent_dim, model.latent_dim
        if made and made != read:
            raise ValueError(f'encoder: {type(encoder).__name__} makes latents of {made} numbers, but the generator '
                             f'reads {read or "none"}; give the generator latent_dim={made}, or set encoder=None.')


def _parts(model: Synthesizer) -> Parts:
    data = model.data_preprocessor
    return Parts(model.generator, model.views, model.losses, data.num_classes, data.unknown, data.image_channels,
                 model.encoder.members if model.encoder is not None else (), model.discriminator, model.segmentor)


def _check_raw(model: Synthesizer) -> None:
    """Image-like inputs have neither classes nor objects."""
    head = model.generator.head
    if head.reads_label_map:
        raise ValueError(f'generator.head: {type(head).__name__} reads label maps, but num_classes=0: switch off what '
                         'reads them (semantic=False and class_specific=False of EdgeGuidedHead).')
    if model.style_channels:
        raise ValueError('encoder: styles belong to the objects of label or instance maps, but num_classes=0: set '
                         'encoder=None.')
    for name, loss in model.losses.items():
        if loss.reads_label_map:
            raise ValueError(f'losses.{name} reads label maps, but num_classes=0: drop the term with '
                             f'losses=dict({name}=None).')


def _check_loss(name: str, loss: Loss, model: Synthesizer, made: tuple[str, ...]) -> None:
    if loss.judges and model.discriminator is None:
        raise ValueError(f'losses.{name} reads a discriminator, but discriminator=None: '
                         f'add one or drop the term with losses=dict({name}=None).')
    for discriminator in _discriminators(loss, model) if loss.judges else ():
        _check_discriminator(name, loss, discriminator, model)
    if loss.reads_posterior and (model.encoder is None or not model.encoder.latent_dim):
        raise ValueError(f'losses.{name} reads the posterior of a latent, but no encoder makes one: add '
                         f"encoder=dict(type='StyleEncoder') or drop the term with losses=dict({name}=None).")
    if loss.labels and model.segmentor is None:
        raise ValueError(f'losses.{name} reads the label generator, but segmentor=None: '
                         f'add one or drop the term with losses=dict({name}=None).')
    for output in loss.reads:
        if output not in made:
            raise ValueError(f'losses.{name} reads the output {output!r}, but {type(model.generator.head).__name__} '
                             f'makes {", ".join(made)}: switch that part on or drop losses=dict({name}=None).')
    for view, weight in (loss.views or {}).items():
        if weight and view not in model.views:
            raise ValueError(f'losses.{name}: view {view!r} is not one of the model ({", ".join(model.views)}).')
    if loss.sums_over_views and not loss.weights(model.views):
        raise ValueError(f'losses.{name} has no view left to sum over; give it views=dict(image=1) '
                         f'or drop the term with losses=dict({name}=None).')


def _check_discriminator(name: str, loss: Loss, discriminator: nn.Module, model: Synthesizer) -> None:
    """Features where they are matched; one logit a class, or scores of being real, as the loss takes them."""
    kind = type(discriminator).__name__
    way_out = '' if model.discriminator.kinds is None else (
        ' Or give the term those views alone that another network judges.')
    if loss.matches_features and not discriminator.returns_features:
        raise ValueError(f'losses.{name} matches features, but {kind} returns only logits: drop the term with '
                         f'losses=dict({name}=None) or use another discriminator.{way_out}')
    if loss.reads_class_logits != discriminator.returns_class_logits:
        raise ValueError(f'losses.{name}: {type(loss).__name__} does not understand the logits of {kind}: '
                         'SegmentationAdversarialLoss and LabelMixLoss go with OASISDiscriminator, and no other '
                         f'adversarial loss does.{way_out}')


def _check_kinds(model: Synthesizer) -> None:
    """A discriminator of each kind of real image, and no other, which would never learn."""
    kinds = set(model.discriminator.kinds)
    imitated = {kind for loss in model.losses.values() if loss.judges for kind in _kinds(loss, model)}
    if kinds != imitated:
        raise ValueError(f'discriminator: networks are given for {", ".join(sorted(kinds))}, but the views that losses '
                         f'have judged imitate {", ".join(sorted(imitated))}; give one for each of these.')
    trained = {kind for loss in model.losses.values() if charges(loss, 'discriminator')
               for kind in _kinds(loss, model)}
    for kind in sorted(kinds - trained):
        raise ValueError(f'discriminator: no loss trains the network for {kind!r}; add an adversarial loss with the '
                         f'views that imitate it, or drop those from the views of the model.')


def _discriminators(loss: Loss, model: Synthesizer) -> list[nn.Module]:
    """Those that judge what the loss reads."""
    networks = [model.discriminator.judge_of(kind) for kind in _kinds(loss, model)]
    return list({id(network): network for network in networks}.values())


def _kinds(loss: Loss, model: Synthesizer) -> list[str]:
    """Names of the real images that a loss's views imitate."""
    return list(dict.fromkeys(model.views[view].real for view in _judged_by(loss, model)))


def _judged_by(loss: Loss, model: Synthesizer) -> list[str]:
    """Names of the views on which a loss reads verdicts; one that does not say so may read those on all."""
    return list(loss.weights(model.views) if loss.sums_over_views else model.views)


def judged_views(model: Synthesizer, player: str) -> list[str]:
    """Names of the views on which some share of a player reads the discriminator's verdict."""
    read = {view for loss in model.losses.values() if loss.judges and charges(loss, player)
            for view in _judged_by(loss, model)}
    return [view for view in model.views if view in read]


def compared_views(model: Synthesizer, player: str) -> list[str]:
    """Names of those whose real images are judged too: for the discriminator all, for the generator what is matched."""
    if player == 'discriminator':
        return judged_views(model, player)
    read = {view for loss in model.losses.values() if loss.matches_features for view in _judged_by(loss, model)}
    return [view for view in model.views if view in read]


def charges(loss: Loss, player: str) -> bool:
    """Whether the loss has a share for that player."""
    share = f'for_{player}'
    return getattr(type(loss), share) is not getattr(Loss, share)
