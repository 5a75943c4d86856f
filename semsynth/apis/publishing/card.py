"""The model card: what a published model is, for people, and in the Hugging Face Hub's header for machines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from semsynth.apis.publishing.folder import CONFIG, SAMPLES, STYLES, WEIGHTS
from semsynth.apis.publishing.results import Evaluation
from semsynth.encoders.base import Encoder

OWN_DATA = 'PairedFolder'


@dataclass
class Facts:
    """What a card is made of.

    Args:
        content: of ``config.json``.
        place: what the model is loaded by: a folder, or the name of a repository.
        encoders: what each makes of a photo, in words.
        training: what is said of the training, by name.
        evaluations: from result files; none where there are none.
        license: an identifier such as ``'apache-2.0'``, or None.
        can_be_judged: whether the config of the training names evaluators.
        caption: of the samples' sheet, or None where there are no samples.
        example: path of a layout to try the model on.
        styles: whether there is a file of styles; None where the model has none.
        difference: mean and largest difference of the samples' images from those of unrounded weights, in gray levels;
            None where it was not measured.
        weights_size: bytes of the weights.
    """

    content: Mapping[str, Any]
    place: str
    encoders: Sequence[str]
    training: Mapping[str, Any]
    evaluations: Sequence[Evaluation] = ()
    license: str | None = None
    can_be_judged: bool = True
    caption: str | None = None
    example: str = 'labels.png'
    styles: bool | None = None
    difference: tuple[float, float] | None = None
    weights_size: int = 0

    @property
    def layouts(self) -> Mapping[str, Any]:
        """What files of layouts mean to the model."""
        return self.content['layouts']

    @property
    def is_half(self) -> bool:
        """Whether weights are rounded."""
        return self.content['facts']['weights'] == 'float16'

    @property
    def dataset(self) -> str:
        """What it was trained on, in words."""
        name = self.content['facts']['dataset'].removesuffix('Dataset')
        return "the publisher's own data" if name == OWN_DATA else name


def about_encoder(encoder: Encoder) -> str:
    """An encoder, and what it makes of a photo, in words."""
    made = 'the style of each object' if encoder.style_channels else 'a latent of the whole photo'
    return f'`{type(encoder).__name__}`, makes {made}'


def write_card(facts: Facts) -> str:
    """The text of ``README.md``. No score is in it that no result file has."""
    template = Environment(loader=PackageLoader('semsynth.apis.publishing', '.'), trim_blocks=True, lstrip_blocks=True,
                           undefined=StrictUndefined).get_template('card.md')
    generator = facts.content['model']['generator']
    body = template.render(
        facts=facts, generator=generator['type'], head=generator.get('head', {}).get('type'),
        classes=_classes(facts.layouts), about_input=_about_input(facts), files=_files(facts), limits=_limits(facts))
    return f'---\n{yaml.safe_dump(_header(facts), sort_keys=False, allow_unicode=True)}---\n\n{body}'


def _header(facts: Facts) -> dict[str, Any]:
    """The metadata that the Hugging Face Hub reads."""
    header: dict[str, Any] = dict(library_name='semsynth', pipeline_tag='image-to-image',
                                  tags=['semantic-image-synthesis', 'label-to-image', 'pytorch'])
    if facts.license:
        header['license'] = facts.license
    tests = [evaluation for evaluation in facts.evaluations if evaluation.kind == 'test']
    if tests:
        metrics = [dict(type=score.name, value=round(score.value, 4), name=score.name) for score in tests[0].scores]
        header['model-index'] = [dict(name=facts.content['facts']['name'], results=[dict(
            task=dict(type='image-to-image', name='semantic image synthesis'),
            dataset=dict(type=facts.content['facts']['dataset'], name=facts.dataset), metrics=metrics)])]
    return header


def _classes(layouts: Mapping[str, Any]) -> list[dict[str, str]]:
    names = layouts['classes']
    id_map = layouts['id_map'] or {str(index): index for index in range(len(names))}
    ids = defaultdict(list)
    for number, index in (*id_map.items(), *((each, layouts['unknown']) for each in layouts['unknown_ids'])):
        ids[index].append(str(number))
    rows = []
    for index, name in enumerate(names):
        colour = '#{:02x}{:02x}{:02x}'.format(*layouts['palette'][index]) if layouts['palette'] else ''
        note = 'no class' if index == layouts['unknown'] else 'in instances' if name in layouts['things'] else ''
        rows.append(dict(ids=', '.join(ids[index]), name=name.replace('|', r'\|'), colour=colour, note=note))
    return rows


def _about_input(facts: Facts) -> str:
    layouts, preprocessor = facts.layouts, facts.content['model']['data_preprocessor']
    size = ' x '.join('any' if side is None else str(side) for side in layouts['size'])
    resized = f'Files of any size are resized to {size} pixels (height x width), the size of the training.'
    if layouts['edges_as_raw']:
        return f'Photos, of which Canny edges are taken. {resized}'
    if layouts['raw_channels']:
        return f'Pictures or arrays of {layouts["raw_channels"]} channels. {resized}'
    instances = (' An instance map beside it has another id for each object; without one, connected regions of things '
                 'are taken for objects.' if preprocessor.get('instances') else '')
    return f'A label map is a PNG of one channel whose pixels are the ids below.{instances} {resized}'


def _files(facts: Facts) -> dict[str, str]:
    weights = f'the weights of the generator{" and the encoder" if facts.content["model"].get("encoder") else ""}'
    files = {CONFIG: 'the model and its classes, as plain data',
             WEIGHTS: f'{weights}, {facts.content["facts"]["weights"]}, {facts.weights_size / 2**20:.1f} MiB'}
    if facts.styles:
        files[STYLES] = 'styles to pick from, each with a small cut-out of a training photo'
    if facts.caption:
        files[f'{SAMPLES}/'] = 'layouts to try the model on, and what it makes of them'
    return files


def _limits(facts: Facts) -> list[str]:
    size = ' x '.join('any' if side is None else str(side) for side in facts.layouts['size'])
    classes = f' It knows the {len(facts.layouts["classes"])} classes above and no others.' \
        if facts.layouts['classes'] else ''
    limits = [f'It was trained on {facts.dataset} at {size} pixels. Scenes of another kind, and other sizes, may give '
              f'poor images.{classes}',
              'Its images are made up. They are no evidence of anything real.']
    if facts.is_half:
        measured = '' if facts.difference is None else (
            ' On the samples the images differ by {:.2g} of 255 gray levels on average, and by {:.0f} at most.'.format(
                *facts.difference))
        limits.append(f'The weights were rounded to float16. They are loaded as float32.{measured}')
    if facts.styles is False:
        limits.append('It has no file of styles: each object takes its style from a photo.')
    return limits
