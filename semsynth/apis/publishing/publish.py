"""Publishing of a trained model: a folder that others can load, and trust."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from semsynth import __version__
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.apis.publishing.card import Facts, about_encoder, write_card
from semsynth.apis.publishing.describing import describe_layouts, describe_model, test_set_of
from semsynth.apis.publishing.folder import (
    CARD,
    CONFIG,
    FORMAT,
    SAMPLES,
    STYLES,
    WEIGHTS,
    is_published,
    read_content,
)
from semsynth.apis.publishing.hub import check_push, upload
from semsynth.apis.publishing.licenses import check_license
from semsynth.apis.publishing.results import find_evaluations
from semsynth.apis.publishing.samples import SHEET, save_layouts, write_sheet
from semsynth.arguments import check_arguments
from semsynth.config_files import NAMED, OWN
from semsynth.errors import DataError
from semsynth.styles import StyleBank
from semsynth.weights import hash_tensors, hash_weights, load_checkpoint, not_finite, weights_in
from semsynth.writing import check_out_folder, write_whole

PARTS = ('generator.', 'encoder.')
"""How the names of the weights begin that inference needs."""
_TIME = re.compile(r'_\d{8}_\d{6}$')
"""What mmengine adds to the name of a run."""


@check_arguments
def publish(inferencer: Inferencer, out: str | Path, *, half: bool = False, license: str | None = None,
            scenes: int = 4, push: str | None = None) -> Path:
    """Write a trained model as a folder for others: config, weights, styles, samples and a model card.

    The config is plain data, and weights and styles are numbers, so that nothing that is loaded can run code. Scores
    are those of the result files beside the checkpoint. A published folder that is there is replaced.

    Args:
        inferencer: of the trained model; its styles, or else ``styles.npz`` beside the checkpoint, are published too.
        out: the folder; its name becomes the model's.
        half: whether to store weights as float16, in half the size; images then differ slightly.
        license: of the model, for the card: an identifier that the Hugging Face Hub knows, such as ``'apache-2.0'``.
        scenes: number of scenes of the test set that are shown, and their label maps enclosed; 0 for none.
        push: name of a repository of the Hugging Face Hub, ``USER/NAME``, that the folder is uploaded to.

    Returns:
        The folder.

    Raises:
        ValueError: the licence is none; the folder holds something else, or a card that somebody has edited; the model
            cannot be described by plain data; a weight is too large for float16; nobody is logged in to push. Nothing
            is written then. Or the folder is written, but the upload failed.
        DataError: the scenes of the test set are missing or unsound.
    """
    checkpoint, out = Path(inferencer.require_checkpoint()), Path(out)
    if license:
        check_license(license)
    check_out_folder(out, (inferencer.config.filename, checkpoint, inferencer.config.model.get('styles')))
    check_replaced(out)
    if checkpoint.name == WEIGHTS and is_published(checkpoint.parent):
        raise ValueError(f'{checkpoint.parent} is published already: publish the checkpoint that it was made of.')
    if push:
        check_push(push)
    stored = load_checkpoint(checkpoint)
    meta, weights = stored.get('meta', {}), _own(weights_in(stored, checkpoint))
    dataset, styles = test_set_of(inferencer.config), _styles_of(inferencer, checkpoint)
    evaluations = find_evaluations(checkpoint, hash_tensors(weights), meta.get('iter'))
    content: dict[str, Any] = dict(
        format=FORMAT, semsynth=__version__, model=describe_model(inferencer.config), layouts=describe_layouts(dataset),
        facts=dict(name=out.resolve().name, dataset=type(dataset).__name__, iterations=meta.get('iter'),
                   weights='float16' if half else 'float32', license=license,
                   scores={score.name: score.value for each in evaluations for score in each.scores}))
    with _in_place_of(out) as part:
        if half:
            weights = _half(weights, checkpoint)
        write_whole(part / WEIGHTS, safetensors.torch.save(weights, metadata=dict(format='pt')))
        _write_json(part / CONFIG, content)
        loaded = Inferencer(part, device=str(inferencer.device))  # as others will, with all checks
        if styles:
            loaded.model.styles = _as_published(styles, loaded)
            loaded.model.styles.save(part / STYLES)
        encoders = loaded.model.encoder.members if loaded.model.encoder is not None else ()
        card = Facts(content, push or _place(out), list(map(about_encoder, encoders)),
                     _training(inferencer, meta), evaluations, license, bool(inferencer.config.get('test_evaluator')),
                     weights_size=(part / WEIGHTS).stat().st_size,
                     styles=bool(styles) if loaded.model.style_channels else None)
        if scenes:
            try:
                layouts = save_layouts(dataset, part / SAMPLES, scenes)
            except DataError as error:
                error.add_note('Or publish without samples: --scenes 0.')
                raise
            card.caption, images = write_sheet(
                loaded, layouts, part / SAMPLES / SHEET, *(content['layouts'][name] for name in ('palette', 'classes')))
            if dataset.label_space and card.place == content['facts']['name']:
                card.example = f'{card.place}/{Path(layouts[0].label).relative_to(part).as_posix()}'
            if half and not styles:
                card.difference = _difference(inferencer, layouts, images)
        text = write_card(card).encode()
        write_whole(part / CARD, text)
        content['facts']['card'] = hashlib.sha256(text).hexdigest()
        _write_json(part / CONFIG, content)
    if push:
        upload(out, push)
    return out


def check_replaced(out: Path) -> None:
    """Refuse a folder that holds something else than a published model, or a card that somebody has edited.

    Raises:
        ValueError: says which.
    """
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not is_published(out):
        raise ValueError(f'{out} holds something else than a published model: name another folder, or an empty one.')
    written, card = read_content(out / CONFIG).get('facts', {}).get('card'), out / CARD
    if card.is_file() and hashlib.sha256(card.read_bytes()).hexdigest() != written:
        raise ValueError(f'{card} was edited since it was written, and a new one would take its place: move it away, '
                         'or name another folder.')


def _place(out: Path) -> str:
    """What a reader loads the folder by: its name, or the one that this library's own models have."""
    whole = out.resolve()
    return NAMED + whole.relative_to(OWN).as_posix() if whole.is_relative_to(OWN) else whole.name


def _styles_of(inferencer: Inferencer, checkpoint: Path) -> StyleBank | None:
    if not inferencer.model.style_channels:
        return None
    beside = checkpoint.with_name(STYLES)
    if inferencer.styles or not beside.is_file():
        return inferencer.styles
    styles = StyleBank.load(beside)
    if styles.encoder not in ('', hash_weights(inferencer.model.encoder)):
        raise ValueError(f'The styles in {beside} were not made with the encoder in {checkpoint}: make them anew with '
                         'semsynth encode_styles, or name others with --styles.')
    return styles


def _as_published(styles: StyleBank, loaded: Inferencer) -> StyleBank:
    """Styles as of the encoder that is published, without features and names of single objects of the photos."""
    return replace(styles, encoder=hash_weights(loaded.model.encoder), instances=None, members=None, settings='')


def _training(inferencer: Inferencer, meta: Mapping[str, Any]) -> dict[str, Any]:
    """What a card says of the training: no path is in it."""
    config = inferencer.config
    run = _TIME.sub('', str(meta.get('experiment_name') or Path(config.filename or '').stem))
    loader, precision = config.get('train_dataloader') or {}, config.get('precision')
    facts = {
        'config': f'`{Path(run).name}`',
        'iterations': meta.get('iter'),
        'images an iteration': loader.get('batch_size'),
        'precision': precision if precision != 'auto' else None,
        'weights': ', '.join(f'{part} of the official {each["source"]}'
                             for part, each in meta.get('official', {}).items()),
        'published with semsynth': __version__}
    return {name: value for name, value in facts.items() if value}


def _difference(inferencer: Inferencer, layouts: list[LayoutFile],
                images: list[list[np.ndarray]]) -> tuple[float, float]:
    """Mean and largest difference of the first image of each layout from that of the model as it was trained."""
    exact = [np.asarray(next(inferencer.sample(layout))['outputs']['image']) for layout in layouts]
    apart = np.stack([np.abs(first.astype(int) - look[0]) for first, look in zip(exact, images, strict=True)])
    return float(apart.mean()), float(apart.max())


def _own(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights that inference needs, each in memory of its own."""
    return {name: value.clone().contiguous() for name, value in weights.items() if name.startswith(PARTS)}


def _half(weights: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    rounded = {name: value.half() if value.dtype == torch.float32 else value for name, value in weights.items()}
    if name := not_finite(rounded):
        raise ValueError(f'{path}: {name} is too large for float16: publish the weights as they are, without half.')
    return rounded


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_whole(path, (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + '\n').encode())


@contextmanager
def _in_place_of(out: Path) -> Iterator[Path]:
    """A folder beside another one, whose files take their place there when all went well, and which then is gone."""
    out = out.resolve()
    part = out.with_name(f'.{out.name}.{secrets.token_hex(8)}.part')
    part.mkdir(parents=True)
    try:
        yield part
        out.mkdir(exist_ok=True)
        for name in (CONFIG, CARD, WEIGHTS, STYLES):  # without a config, what is half replaced is no model
            (out / name).unlink(missing_ok=True)
        shutil.rmtree(out / SAMPLES, ignore_errors=True)
        for path in sorted(part.iterdir(), key=lambda path: path.name == CONFIG):
            path.rename(out / path.name)
    finally:
        shutil.rmtree(part)
