"""Do the parts of a model fit together? Checked once, when it is built, so that no step fails or trains in vain."""

from __future__ import annotations

from typing import Any, cast

from semsynth.discriminators.base import Discriminator
from semsynth.heads.base import Head, View
from semsynth.losses.base import JUDGED, LABELLED, ON_VIEWS, WORDS, Loss
from semsynth.parts import Parts


def resolve_views(head: Head, overrides: dict[str, dict | None]) -> dict[str, View]:
    """The head's default views with the config's overrides: a dict retunes or adds a view, None drops it."""
    views: dict[str, dict[str, Any] | None] = {
        name: dict(real=view.real, weight=view.weight) for name, view in head.views.items()}
    for name, override in overrides.items():
        views[name] = None if override is None else {**(views.get(name) or {}), **override}
    return {name: View(**view) for name, view in views.items() if view is not None}


def check_assembly(parts: Parts, layout_channels: int) -> None:
    """Raise ValueError, in one sentence that names the part to change, where the parts do not fit.

    Each part checks what it wants of the others; here is what holds whatever the parts are.

    Args:
        parts: all parts of the model.
        layout_channels: channels of ``layout.unstyled``.
    """
    _check_generator(parts, layout_channels)
    head = parts.generator.head
    for check in (*(encoder.check for encoder in parts.encoders), parts.generator.check, head.check):
        check(parts)
    _check_encoders(parts)
    if head.reads_label_map and not parts.num_classes:
        raise ValueError(f'generator.head: {type(head).__name__} reads label maps, but num_classes=0: use another one.')
    for name in parts.views:
        if name not in head.outputs:
            raise ValueError(f'views: {name!r} is not an output of {type(head).__name__}, which makes '
                             f'{", ".join(head.outputs)}; drop it with views=dict({name}=None).')
    if not parts.losses:
        if parts.discriminator is not None:
            raise ValueError('discriminator: no loss trains it; add an adversarial loss or set discriminator=None.')
        return
    if parts.discriminator is not None:
        if parts.discriminator.kinds is not None:
            _check_kinds(parts)
        parts.discriminator.check(parts)
    for name, loss in parts.losses.items():
        _check_loss(name, loss, parts)
    _check_trained(parts)
    if parts.segmentor is not None:
        if not any(loss.reads & LABELLED for loss in parts.losses.values()):
            raise ValueError('segmentor: no loss reads the label generator; set segmentor=None, or add such a loss.')
        parts.segmentor.check(parts)


def _check_generator(parts: Parts, layout_channels: int) -> None:
    """The generator must read the layout's channels and the style's."""
    channels = layout_channels + sum(encoder.style_channels for encoder in parts.encoders)
    if parts.generator.in_channels != channels:
        raise ValueError(f'generator: in_channels={parts.generator.in_channels}, but the layout has {channels} '
                         'channels; leave in_channels out to have it filled in.')


def _check_encoders(parts: Parts) -> None:
    """The layout must have what encoders read, and the generator must read what they make."""
    for encoder in parts.encoders:
        made, read = encoder.latent_dim, parts.generator.latent_dim
        if made and made != read:
            raise ValueError(f'encoder: {type(encoder).__name__} makes latents of {made} numbers, but the generator '
                             f'reads {read or "none"}; give the generator latent_dim={made}, or set encoder=None.')
        if encoder.style_channels and not parts.num_classes:
            raise ValueError('encoder: styles belong to the objects of label or instance maps, but num_classes=0: set '
                             'encoder=None.')


def _check_loss(name: str, loss: Loss, parts: Parts) -> None:
    """All that a loss reads must be there."""
    drop = f'drop the term with losses=dict({name}=None)'
    try:
        loss.check(parts)
    except ValueError as error:
        raise ValueError(f'losses.{name}: {error} Or {drop}.') from error
    if loss.reads & JUDGED and parts.discriminator is None:
        raise ValueError(f'losses.{name} reads a discriminator, but discriminator=None: add one or {drop}.')
    for discriminator in loss.discriminators(parts):
        _check_verdicts(name, loss, discriminator, parts)
    if 'label_map' in loss.reads and not parts.num_classes:
        raise ValueError(f'losses.{name} reads label maps, but num_classes=0: {drop}.')
    if 'posterior' in loss.reads and not any(encoder.latent_dim for encoder in parts.encoders):
        raise ValueError(f'losses.{name} reads the posterior of a latent, but no encoder makes one: add an encoder '
                         f'that makes latents, and give it and the generator the same latent_dim, or {drop}.')
    if 'other_latents' in loss.reads and not parts.generator.latent_dim:
        raise ValueError(f'losses.{name} compares images of several latents, but {type(parts.generator).__name__} '
                         f'reads none: give it latent_dim, or {drop}.')
    if loss.reads & LABELLED and parts.segmentor is None:
        raise ValueError(f'losses.{name} reads the label generator, but segmentor=None: add one or {drop}.')
    if 'label_features' in loss.reads and parts.segmentor is not None and not parts.segmentor.returns_features:
        raise ValueError(f'losses.{name} reads features of the label generator, but {type(parts.segmentor).__name__} '
                         f'gives none: use another segmentor or {drop}.')
    head = parts.generator.head
    for output in sorted(loss.reads - WORDS):
        if output not in head.outputs:
            raise ValueError(f'losses.{name} reads {output!r}, which is no output of {type(head).__name__} (it makes '
                             f'{", ".join(head.outputs)}), nor one of the words {", ".join(sorted(WORDS))}: switch '
                             f'that part of the head on or {drop}.')
    for view, weight in (loss.views or {}).items():
        if weight and view not in parts.views:
            raise ValueError(f'losses.{name}: view {view!r} is not one of the model ({", ".join(parts.views)}).')
    if loss.reads & ON_VIEWS and not loss.weights(parts.views):
        raise ValueError(f'losses.{name} has no view left to sum over; give it views=dict(image=1) or {drop}.')


def _check_verdicts(name: str, loss: Loss, discriminator: Discriminator, parts: Parts) -> None:
    """Features where they are read; one logit a class, or scores of being real, as the loss takes them."""
    kind = type(discriminator).__name__
    way_out = f'use another discriminator or drop the term with losses=dict({name}=None).'
    if parts.discriminator is not None and parts.discriminator.kinds is not None:
        way_out += ' Or give the term those views alone that another network judges.'
    if 'features' in loss.reads and not discriminator.returns_features:
        raise ValueError(f'losses.{name} reads features, but {kind} returns only logits: {way_out}')
    if 'verdicts' in loss.reads and discriminator.returns_class_logits:
        raise ValueError(f'losses.{name}: {type(loss).__name__} reads scores of being real, but {kind} returns the '
                         f'logits of classes: {way_out}')
    if 'class_logits' in loss.reads and not discriminator.returns_class_logits:
        raise ValueError(f'losses.{name}: {type(loss).__name__} reads the logits of classes, but {kind} returns scores '
                         f'of being real: {way_out}')


def _check_kinds(parts: Parts) -> None:
    """A discriminator of each kind of real image, and no other, which would never learn."""
    judged = {name: set(loss.kinds(parts.views)) for name, loss in parts.losses.items() if loss.reads & JUDGED}
    kinds = set(cast(Discriminator, parts.discriminator).kinds or ())
    imitated: set[str] = set().union(*judged.values())
    if kinds != imitated:
        raise ValueError(f'discriminator: networks are given for {", ".join(sorted(kinds))}, but the views that losses '
                         f'have judged imitate {", ".join(sorted(imitated))}; give one for each of these.')
    trained = set().union(*(its for name, its in judged.items() if 'discriminator' in parts.losses[name].trains))
    for kind in sorted(kinds - trained):
        raise ValueError(f'discriminator: no loss trains the network for {kind!r}; add an adversarial loss with the '
                         f'views that imitate it, or drop those from the views of the model.')


def _check_trained(parts: Parts) -> None:
    """Both players must be trained, and every part of the head that only a loss on its own output trains."""
    head, losses = parts.generator.head, parts.losses
    read = {view for loss in losses.values() for view in loss.weights(parts.views)}
    read |= {word for loss in losses.values() for word in loss.reads}
    for output in head.must_be_read:
        if output not in read:
            raise ValueError(f'head: nothing reads the output {output!r}, so that its parameters would never learn; '
                             f'add a loss that reads it or switch that part of {type(head).__name__} off.')
    if not any('generator' in loss.trains for loss in losses.values()):
        raise ValueError(f'generator: no loss trains it, {", ".join(losses)} only the discriminator; '
                         'add an adversarial loss.')
    if parts.discriminator is not None and not any('discriminator' in loss.trains for loss in losses.values()):
        raise ValueError('discriminator: no loss trains it; add an adversarial loss or set discriminator=None.')
