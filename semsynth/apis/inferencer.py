"""Inferencer: a trained model turns layouts into images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.device import get_device
from mmengine.registry import DefaultScope
from torch import Tensor

from semsynth.checkpoints import load_checkpoint
from semsynth.data.draws import seed_all
from semsynth.data.files import DataError, find_by_stem, first_few
from semsynth.engine.launch import load_config
from semsynth.models import Synthesizer
from semsynth.registry import DATASETS, MODELS
from semsynth.styles import StyleBank, vectors_of

TRAINED_ONLY = ('discriminator', 'segmentor', 'losses', 'views')
"""Parts of a model that only training needs."""


@dataclass
class LayoutFile:
    """A layout in files.

    Args:
        name: what its results are called.
        label: path of the label map, in the data set's ids.
        instance: path of the instance map, or None.
    """

    name: str
    label: str
    instance: str | None = None


def build_for_inference(config: Config, checkpoint: str | Path | None) -> Synthesizer:
    """The parts of a config's model that synthesise, in eval mode; no weights of frozen networks are needed.

    Args:
        config: of the training.
        checkpoint: path; None leaves the weights as they are initialised.

    Raises:
        ValueError: the checkpoint's weights do not fit; the message lists what differs.
    """
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build({**config.model, **dict.fromkeys(TRAINED_ONLY)})
    if checkpoint is not None:
        stored = load_checkpoint(checkpoint)['state_dict']
        state = {name: value for name, value in stored.items() if name.startswith(('generator.', 'encoder.'))}
        try:
            model.load_state_dict(state)
        except RuntimeError as error:
            raise ValueError(f'{checkpoint} does not fit the model of {config.filename}: {error}. Use the config that '
                             'it was trained with: it lies beside the checkpoint, and inside it.') from error
    return model.eval()


class Inferencer:
    """Synthesise images from layouts in files, with the very transforms and sizes of the config's test set.

    Args:
        config: path or config of the training.
        checkpoint: path of the trained weights.
        device: such as ``'cpu'`` or ``'cuda:1'``; the GPU where there is one by default.
        cfg_options: entries of the config to override.
    """

    def __init__(self, config: str | Path | Config, checkpoint: str | Path | None, device: str | None = None,
                 cfg_options: dict | None = None):
        self.config = load_config(config, cfg_options)
        self.model = build_for_inference(self.config, checkpoint).to(device or get_device())
        with DefaultScope.overwrite_default_scope('semsynth'):
            self.dataset = DATASETS.build({**self.config.test_dataloader.dataset, 'lazy_init': True, 'edges': None})
        self.reads_instances = self.model.data_preprocessor.instances

    def find(self, inputs: Iterable[str | Path], instances: str | Path | None = None) -> list[LayoutFile]:
        """The layouts in files and folders.

        Args:
            inputs: label maps, or folders that hold some: files with the endings of the data set's label maps.
            instances: folder of the instance maps; by default beside the label maps, by the data set's endings.

        Raises:
            DataError: there are none, a file is missing, two have one name, or the model reads instances and a layout
                has none.
        """
        suffixes = self.dataset.suffixes['label']
        labels = []
        for source in map(Path, inputs):
            if source.is_dir():
                labels += [(source, name, path) for name, paths in find_by_stem(source, suffixes).items()
                           for path in paths]
            elif source.is_file():
                suffix = next((end for end in suffixes if source.name.endswith(end)), source.suffix)
                labels.append((source.parent, source.name.removesuffix(suffix), str(source)))
            else:
                raise DataError(f'There is no label map {source}.')
        if not labels:
            raise DataError(f'There are no label maps in {", ".join(map(str, inputs))}: they end in '
                            f'{", ".join(suffixes)}.')
        if twins := [name for name, count in Counter(name for _, name, _ in labels).items() if count > 1]:
            raise DataError(f'{len(twins)} names stand for more than one label map ({first_few(twins)}), and so would '
                            'their results: synthesise them one folder at a time.')
        return [LayoutFile(name, label, self._instance(name, label, Path(instances or folder)))
                for folder, name, label in labels]

    def _instance(self, name: str, label: str, folder: Path) -> str | None:
        if not self.reads_instances:
            return None
        candidates = [folder / f'{name}{suffix}' for suffix in self.dataset.suffixes['instance']]
        found = next((path for path in candidates if path.is_file() and path != Path(label)), None)
        if found is None:
            raise DataError(f'The model reads instance maps, but {label} has none: there is no {candidates[0]}; put it '
                            'there, or name the folder of the instance maps with --instances.')
        return str(found)

    def __call__(self, layouts: Iterable[LayoutFile]) -> Iterator[dict]:
        """Synthesise one layout after another.

        Yields:
            ``name``; ``outputs``: images by name, ``(3, H, W)`` uint8 RGB; ``label`` ``(H, W)``; ``real``, empty.
        """
        for layout in layouts:
            scene = dict(name=layout.name, seg_map_path=layout.label, seg_fields=[],
                         label_space=self.dataset.label_space)
            if layout.instance:
                scene['instance_path'] = layout.instance
            yield self.predict(self.dataset.pipeline(scene))

    @torch.no_grad()
    def synthesize(self, label: np.ndarray, instance: np.ndarray | None = None,
                   styles: Mapping[int, Tensor] | None = None, seed: int = 0, name: str = 'layout') -> dict:
        """Synthesise a layout in arrays, at its own size.

        Args:
            label: class indices, ``(H, W)``.
            instance: object ids, ``(H, W)``; None where the model reads no instances.
            styles: the style ``(F,)`` of some objects by id (without instances: by class index); the others' are picked
                from the model's :class:`~semsynth.styles.StyleBank`, or are all zeros where it has none.
            seed: of what is picked, and of a latent.
            name: what the result is called.

        Returns:
            As one of a call's.
        """
        seed_all(seed)
        batch = self._batch(name, label, instance)
        if channels := self.model.style_channels:
            bank = self.model.styles or StyleBank.neutral(channels)
            batch['layout'] = bank.draw(batch['layout'], [seed], [styles or {}])
        return self.model(**batch, mode='predict')[0]

    @torch.no_grad()
    def encode(self, photo: np.ndarray, label: np.ndarray, instance: np.ndarray | None = None) -> dict[int, Tensor]:
        """The style ``(F,)`` of each object of a photo, by id.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            label: its class indices, ``(H, W)``.
            instance: its object ids, ``(H, W)``; None where the model reads no instances.

        Raises:
            ValueError: the model was trained without styles.
        """
        if not self.model.style_channels:
            raise ValueError('The model was trained without styles: its config has no encoder that makes some.')
        batch = self._batch('photo', label, instance, photo)
        return vectors_of(self.model.encoder(batch['layout'], batch['real']['image']))[0]

    def _batch(self, name: str, label: np.ndarray, instance: np.ndarray | None,
               photo: np.ndarray | None = None) -> dict:
        arrays = dict(label=label, instance=instance, image=None if photo is None else photo.transpose(2, 0, 1))
        inputs = {key: [torch.from_numpy(np.ascontiguousarray(array))] for key, array in arrays.items()
                  if array is not None}
        return self.model.data_preprocessor(dict(inputs=inputs, sample=dict(name=[name])))

    @torch.no_grad()
    def predict(self, sample: dict) -> dict:
        """Synthesise one sample of the data set; the result is as of a call, with the sample's ``real`` images."""
        return self.model.val_step(pseudo_collate([sample]))[0]
