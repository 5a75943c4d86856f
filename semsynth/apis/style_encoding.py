"""Styles of a training set: a trained encoder's features of every instance, clustered by class (pix2pixHD, 3.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import cast

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from semsynth.apis.inferencer import Inferencer
from semsynth.arguments import check_arguments
from semsynth.config import dataset_of
from semsynth.errors import DataError
from semsynth.models import Synthesizer
from semsynth.registry import DATASETS
from semsynth.styles import StyleBank, classes_of, vectors_of
from semsynth.styles.clustering import cluster_styles, examples
from semsynth.styles.instances import Instances
from semsynth.styles.sheet import SHOWN, cut_patch, style_sheet
from semsynth.weights import hash_weights
from semsynth.writing import check_out_file, hash_settings, place_of_result, write_png


@check_arguments
def encode_styles(inferencer: Inferencer, *, out: str | Path | None = None, clusters: int = 10,
                  split: str | None = None, seed: int = 0,
                  encoded: str | Path | None = None) -> tuple[StyleBank, Path]:
    """Encode every instance of a set of photos, cluster the styles of each class, write them and a picture of them.

    Photos go through the transforms of the config's test set: nothing is flipped or cropped at random.

    Args:
        inferencer: of the trained model.
        out: the file; by default ``styles.npz`` beside the checkpoint. Where that holds styles of another encoder, of
            other photos or of other settings, the name ends in eight digits that stand for these. The picture is
            beside it, as PNG.
        clusters: K, at most, for each class.
        split: of the data set; by default the one that the config trains on, and of it those scenes alone that the
            config's ``most_scenes`` and ``indices`` leave.
        seed: of K-means.
        encoded: a file that this function wrote before: its instances are clustered anew, and none is encoded.

    Returns:
        The styles, and the file's path.

    Raises:
        ValueError: ``clusters`` is less than 1, the model's config names no data set, ``out`` ends as the picture
            does, is read, is no place for a file or holds something else, the model has no encoder that makes styles,
            or ``encoded`` is of another encoder or other photos.
        DataError: the split has no photos.
    """
    if clusters < 1:
        raise ValueError(f'clusters={clusters}, but a class needs one at least.')
    if out and Path(out).suffix == '.png':
        raise ValueError(f'out={out}, but that is the ending of the picture, which is written beside it: take .npz.')
    model = inferencer.model
    if not model.style_channels:
        raise ValueError(f'{inferencer.config.filename} has no encoder that makes styles: add model=dict(encoder=dict('
                         "type='InstanceFeatureEncoder')) and train it.")
    if not inferencer.config.get('test_dataloader'):
        raise ValueError(f'{inferencer.config.filename} names no data set, whose photos could be encoded: take the '
                         'checkpoint, not what was published of it, or a config that has a test_dataloader.')
    loader = inferencer.config.test_dataloader
    in_batches = partial(DataLoader, batch_size=loader.batch_size, num_workers=loader.num_workers,
                         collate_fn=pseudo_collate)
    trained_on = dataset_of(inferencer.config, 'train')
    split = split or trained_on.get('split')
    some = {name: trained_on[name] for name in ('indices', 'most_scenes')
            if name in trained_on and split == trained_on.get('split')}
    with DefaultScope.overwrite_default_scope('semsynth'):
        photos = DATASETS.build({**loader.dataset, 'split': split, 'edges': None, **some})
    if not len(photos) or 'img_path' not in photos.get_data_info(0):
        raise DataError(f'{photos.folders["photo"]} holds no photos, and styles are taken from photos: name another '
                        'split with --split.')
    checkpoint, weights = inferencer.require_checkpoint(), hash_weights(model.encoder)
    names = [photos.get_data_info(index)['name'] for index in range(len(photos))]
    settings = hash_settings(encoder=weights, split=split, names=names, clusters=clusters, seed=seed)
    out = place_of_result(out, Path(checkpoint).with_name('styles.npz'), settings, _settings_in)
    for path in (out, out.with_suffix('.png')):
        check_out_file(path, (inferencer.config.filename, checkpoint, encoded))
    if out.with_suffix('.png').exists() and not out.exists():
        raise ValueError(f'{out.with_suffix(".png")} is there already, where the picture of the styles would be '
                         'written: name another file.')
    if encoded:
        instances = _read(encoded, weights, names)
    else:
        instances = find_instances(model, track(in_batches(photos), 'Encoding'))
    bank = replace(cluster_styles(instances, photos.label_space.classes, clusters, seed), encoder=weights,
                   settings=settings)
    shown = examples(bank, SHOWN)
    by_scene = defaultdict(list)
    for row in chain(*shown):
        by_scene[int(instances.scenes[row])].append(row)
    styles = {rows[0]: centre for rows, centre in zip(shown, bank.centres, strict=True)}
    patches, made = {}, {}
    for row, inputs, mask in _found(by_scene, instances, model.data_preprocessor.instances,
                                    track(in_batches(Subset(photos, list(by_scene))), 'Cutting out')):
        patches[row] = cut_patch(inputs['image'].permute(1, 2, 0).numpy(), mask)
        if row in styles:
            made[row] = cut_patch(_styled(inferencer, inputs, {int(instances.ids[row]): styles[row]}), mask)
    bank.thumbnails = np.stack([made[rows[0]] for rows in shown])
    bank.save(out)
    write_png(out.with_suffix('.png'), style_sheet(bank, [[patches[row] for row in rows] for rows in shown]))
    return bank, out


@torch.no_grad()
def find_instances(model: Synthesizer, batches: Iterable[dict]) -> Instances:
    """The style, class, area and place of every object in collated samples."""
    features: list[Tensor] = []
    owners: list[int] = []
    areas: list[int] = []
    ids: list[int] = []
    scenes: list[int] = []
    names: list[str] = []
    for data in batches:
        batch = model.data_preprocessor(data)
        styled = cast(Callable, model.encoder)(batch['layout'], batch['real']['image'])
        for i, (vectors, sample) in enumerate(zip(vectors_of(styled), batch['samples'], strict=True)):
            # padding repeats the last row and column: it adds no object
            height, width = sample['size']
            objects, label = (part[i, :height, :width] for part in (styled.objects, styled.label))
            features += vectors.values()
            owners += classes_of(objects, label).values()
            areas += objects.unique(return_counts=True)[1].tolist()
            ids += vectors
            scenes += [len(names)] * len(vectors)
            names.append(sample['name'])
    return Instances(torch.stack(features), torch.tensor(owners), torch.tensor(areas), torch.tensor(ids),
                     torch.tensor(scenes), tuple(names))


def _settings_in(path: Path) -> str | None:
    try:
        return StyleBank.load(path).settings
    except ValueError:
        return None


def _read(path: str | Path, weights: str, names: Sequence[str]) -> Instances:
    bank = StyleBank.load(path)
    if bank.instances is None or bank.encoder != weights:
        raise ValueError(f'{path} was not made with the encoder of this checkpoint: encode anew, without --encoded.')
    if list(bank.instances.names) != names:
        raise ValueError(f'{path} was made from other photos than those of this data set and split: encode anew, '
                         'without --encoded.')
    return bank.instances


def _found(by_scene: Mapping[int, Sequence[int]], instances: Instances, by_instance: bool,
           batches: Iterable[dict]) -> Iterator[tuple[int, dict[str, Tensor], np.ndarray]]:
    """Some instances, given by scene: the inputs of their scene, from samples in the same order, and their mask."""
    samples = (dict(zip(data['inputs'], sample, strict=True)) for data in batches
               for sample in zip(*data['inputs'].values(), strict=True))
    for rows, inputs in zip(by_scene.values(), samples, strict=True):
        for row in rows:
            yield row, inputs, (inputs['instance' if by_instance else 'label'].long() == instances.ids[row]).numpy()


def _styled(inferencer: Inferencer, inputs: Mapping[str, Tensor], styles: Mapping[int, Tensor]) -> np.ndarray:
    """What the model makes of a sample's layout with the styles of some objects, ``(H, W, 3)`` uint8 RGB."""
    instance = inputs['instance'].numpy() if inferencer.reads_instances else None
    result = inferencer.synthesize(inputs['label'].numpy(), instance, styles)
    return result['outputs']['image'].expand(3, -1, -1).permute(1, 2, 0).numpy()
