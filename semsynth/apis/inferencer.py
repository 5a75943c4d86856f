"""Inferencer: a trained model turns layouts into images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.device import get_device
from mmengine.registry import DefaultScope
from torch import Tensor

from semsynth.checkpoints import load_checkpoint
from semsynth.data.draws import seed_all
from semsynth.data.files import DataError, find_by_stem, first_few, read_photo
from semsynth.data.scene_dataset import WORDS
from semsynth.engine.launch import load_config
from semsynth.models import Synthesizer
from semsynth.models.synthesizer import NO_STYLES
from semsynth.registry import DATASETS, MODELS
from semsynth.seeds import draw_latents
from semsynth.styles import StyleBank, seed_of, vectors_of
from semsynth.weights import hash_weights

TRAINED_ONLY = ('discriminator', 'segmentor', 'losses', 'views', 'frozen')
"""Parts of a model that only training needs."""


@dataclass
class LayoutFile:
    """A layout in files.

    Args:
        name: what its results are called.
        label: path of the label map, in the data set's ids; or of the image-like input, or of the photo whose edges are
            one, where the data set has such.
        instance: path of the instance map, or None.
        photo: path of a photo that gives its styles or its latent, or None.
    """

    name: str
    label: str
    instance: str | None = None
    photo: str | None = None


def build_for_inference(config: Config, checkpoint: str | Path | None) -> Synthesizer:
    """The parts of a config's model that synthesise, in eval mode; no weights of frozen networks are needed.

    Args:
        config: of the training.
        checkpoint: path; None leaves the weights as they are initialised.

    Raises:
        ValueError: the checkpoint's weights do not fit; the message lists what differs. Or the file of styles was made
            with another checkpoint's encoder.
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
        if model.styles and model.styles.encoder not in ('', hash_weights(model.encoder)):
            raise ValueError(f'The styles in {config.model.styles} were not made with the encoder in {checkpoint}: '
                             'make them anew with tools/encode_styles.py.')
    return model.eval()


class Inferencer:
    """Synthesise images from layouts in files, with the very transforms and sizes of the config's test set.

    Args:
        config: path or config of the training.
        checkpoint: path of the trained weights.
        device: such as ``'cpu'`` or ``'cuda:1'``; the GPU where there is one by default.
        cfg_options: entries of the config to override.
        styles: file of the styles to pick from, by :func:`~semsynth.apis.encode_styles.encode_styles`.
    """

    def __init__(self, config: str | Path | Config, checkpoint: str | Path | None, device: str | None = None,
                 cfg_options: dict | None = None, styles: str | Path | None = None):
        self.config = load_config(config, cfg_options)
        if styles:
            self.config.model.styles = str(styles)
        self.model = build_for_inference(self.config, checkpoint).to(device or get_device())
        with DefaultScope.overwrite_default_scope('semsynth'):
            self.dataset = DATASETS.build({**self.config.test_dataloader.dataset, 'lazy_init': True, 'edges': None})
        self.reads_instances = self.model.data_preprocessor.instances

    @property
    def styles(self) -> StyleBank | None:
        """The styles that the model picks from, where it has some."""
        return self.model.styles

    @property
    def encodes_latents(self) -> bool:
        """Whether the model has an encoder that makes a latent of a photo."""
        return getattr(self.model.encoder, 'latent_dim', None) is not None

    def find(self, inputs: Iterable[str | Path], instances: str | Path | None = None,
             photos: str | Path | None = None, instances_optional: bool = False) -> list[LayoutFile]:
        """The layouts in files and folders.

        Args:
            inputs: label maps (image-like inputs, or photos whose edges are such, as the data set has them), or folders
                that hold some: files with the endings of the data set's.
            instances: folder of the instance maps; by default beside the label maps, by the data set's endings.
            photos: folder of photos of the layouts, which then give the styles or the latents; or, where the model has
                latents, one photo for all of them.
            instances_optional: name the instance maps that there are, whether the model reads instances or not.

        Raises:
            DataError: there are none, a file is missing, two have one name, or the model reads instances and a layout
                has none.
        """
        suffixes, what = self.dataset.suffixes[self.dataset.layout_kind], WORDS[self.dataset.layout_kind]
        labels = []
        for source in map(Path, inputs):
            if source.is_dir():
                labels += [(source, name, path) for name, paths in find_by_stem(source, suffixes).items()
                           for path in paths]
            elif source.is_file():
                suffix = next((end for end in suffixes if source.name.endswith(end)), source.suffix)
                labels.append((source.parent, source.name.removesuffix(suffix), str(source)))
            else:
                raise DataError(f'There is no {what} {source}.')
        if not labels:
            raise DataError(f'There are no {what}s in {", ".join(map(str, inputs))}: they end in '
                            f'{", ".join(suffixes)}.')
        if twins := [name for name, count in Counter(name for _, name, _ in labels).items() if count > 1]:
            raise DataError(f'{len(twins)} names stand for more than one {what} ({first_few(twins)}), and so would '
                            'their results: synthesise them one folder at a time.')
        find_instance = self._present_instance if instances_optional else self._instance
        return [LayoutFile(name, label, find_instance(name, label, Path(instances or folder)),
                           self._photo(name, label, Path(photos)) if photos else None)
                for folder, name, label in labels]

    def _instance(self, name: str, label: str, folder: Path) -> str | None:
        if not self.reads_instances:
            return None
        found = self._present_instance(name, label, folder)
        if found is None:
            expected = folder / f"{name}{self.dataset.suffixes['instance'][0]}"
            raise DataError(f'The model reads instance maps, but {label} has none: there is no {expected}; put it '
                            'there, or name the folder of the instance maps with --instances.')
        return found

    def _present_instance(self, name: str, label: str, folder: Path) -> str | None:
        candidates = [folder / f'{name}{suffix}' for suffix in self.dataset.suffixes['instance']]
        return next((str(path) for path in candidates if path.is_file() and path != Path(label)), None)

    def _photo(self, name: str, label: str, folder: Path) -> str:
        if not self.encodes_latents:
            self._check_styled()
        elif folder.is_file():
            return str(folder)
        candidates = [folder / f'{name}{suffix}' for suffix in self.dataset.suffixes['photo']]
        found = next((path for path in candidates if path.is_file()), None)
        if found is None:
            raise DataError(f'{label} has no photo to take styles from: there is no {candidates[0]}.')
        return str(found)

    def _check_styled(self) -> None:
        if not self.model.style_channels:
            raise ValueError('The model was trained without styles: its config has no encoder that makes some.')

    def __call__(self, layouts: Iterable[LayoutFile]) -> Iterator[dict]:
        """Synthesise one layout after another.

        Yields:
            ``name``; ``outputs``: images by name, ``(3, H, W)`` uint8 RGB or ``(1, H, W)`` gray; ``label`` ``(H, W)``,
            or ``raw``, a picture of an image-like input; ``real``, empty but for the photo whose edges were the input.
        """
        for layout in layouts:
            yield from self.sample(layout)

    @torch.no_grad()
    def sample(self, layout: LayoutFile, count: int = 1, seed: int = 0,
               clusters: Mapping[str, int] | None = None) -> Iterator[dict]:
        """Synthesise one layout several times, each time with other random styles and another random latent.

        Args:
            layout: whose photo, where it has one, gives the styles of all its objects, or the latent.
            count: number of results.
            seed: another one gives other results; the result's number and the layout's name count too.
            clusters: number of the cluster by name of class or id of object, as of :meth:`StyleBank.choose`, which come
                before the photo's styles.

        Yields:
            As a call; ``real`` holds the photo; ``styles`` as of :meth:`synthesize`.

        Raises:
            ValueError: the model reads styles, and there is neither a file of them nor a photo; or the clusters name
                what is not there.
        """
        photo = None if self.encodes_latents else layout.photo
        paths = {'instance': layout.instance, 'photo': photo, self.dataset.layout_kind: layout.label}
        scene = self.dataset.scene(layout.name, {kind: path for kind, path in paths.items() if path})
        batch = self.model.data_preprocessor(pseudo_collate([self.dataset.pipeline(scene)]))
        fixed = {}
        if self.model.style_channels and not (self.styles or photo):
            raise ValueError(NO_STYLES)
        latent = None
        if layout.photo and self.encodes_latents:
            latent = self.encode_latent(read_photo(layout.photo)[..., ::-1], batch['layout'].size)
        elif photo:
            fixed |= vectors_of(self.model.encoder(batch['layout'], batch['real']['image']))[0]
        if clusters:
            self._check_styled()
            if self.styles is None:
                raise ValueError('Clusters are named by their number in a file of styles: name it with --styles.')
            fixed |= self.styles.choose(batch['layout'], clusters)[0]
        for number in range(count):
            yield self._result(batch, seed_of(layout.name, number, seed), fixed, latent)

    @torch.no_grad()
    def synthesize(self, label: np.ndarray, instance: np.ndarray | None = None,
                   styles: Mapping[int, Tensor] | None = None, seed: int = 0, name: str = 'layout',
                   latent: Tensor | None = None) -> dict:
        """Synthesise a layout in arrays, at its own size.

        Args:
            label: class indices, ``(H, W)``.
            instance: object ids, ``(H, W)``; None where the model reads no instances.
            styles: the style ``(F,)`` of some objects by id (without instances: by class index); the others' are picked
                from the model's :class:`~semsynth.styles.StyleBank`, or are all zeros where it has none.
            seed: of what is picked, and of a latent.
            name: what the result is called.
            latent: ``(Z,)``, such as :meth:`encode_latent` makes of a photo; by default it is drawn from N(0, I).

        Returns:
            As one of a call's; with styles also ``styles``, that ``(F,)`` of each object by id.
        """
        return self._result(self._batch(name, label, instance), seed, styles or {}, latent)

    def _result(self, batch: dict, seed: int, fixed: Mapping[int, Tensor], latent: Tensor | None) -> dict:
        seed_all(seed)
        layout, channels, length = batch['layout'], self.model.style_channels, self.model.latent_dim
        if length:
            latents = draw_latents([seed], length) if latent is None else latent[None]
            layout = layout.with_latent(latents.to(layout.device))
        if channels:
            layout = (self.styles or StyleBank.neutral(channels)).draw(layout, [seed], [fixed])
        [result] = self.model(**{**batch, 'layout': layout}, mode='predict')
        return result | (dict(styles=vectors_of(layout)[0]) if channels else {})

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
        self._check_styled()
        batch = self._batch('photo', label, instance, photo)
        return vectors_of(self.model.encoder(batch['layout'], batch['real']['image']))[0]

    @torch.no_grad()
    def encode_latent(self, photo: np.ndarray, size: tuple[int, int]) -> Tensor:
        """The latent ``(Z,)`` of a photo: the mean of its posterior.

        Args:
            photo: ``(h, w, 3)`` uint8 RGB, of any scene and size.
            size: height and width of the layouts, at which the encoder saw photos in training.

        Raises:
            ValueError: the model was trained without an encoder that makes latents.
        """
        if not self.encodes_latents:
            raise ValueError('No latent can be taken from a photo: the config of the model has no encoder that makes '
                             "one, such as dict(type='StyleEncoder').")
        image = torch.from_numpy(np.ascontiguousarray(photo)).to(next(self.model.parameters()).device)
        image = F.interpolate(image.permute(2, 0, 1)[None].float(), size, mode='bicubic', antialias=True)
        return self.model.encoder.encode(image.clamp(0, 255) / 127.5 - 1)[0][0]

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
