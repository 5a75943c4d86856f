"""Inferencer: a trained model turns layouts into images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch import Tensor

from semsynth.apis.building import build_for_inference
from semsynth.apis.layout_files import Beside, LayoutFile, find_layouts, instances_of
from semsynth.arguments import check_arguments
from semsynth.config import dataset_of, load_config
from semsynth.data.draws import seed_all
from semsynth.data.pictures import read_photo
from semsynth.data.preprocessor import to_gray
from semsynth.devices import find_device, run_in, settle
from semsynth.errors import DataError
from semsynth.layers.norm import bake
from semsynth.models.synthesizer import NO_STYLES
from semsynth.registry import DATASETS
from semsynth.seeds import draw_latents, seed_of
from semsynth.styles import StyleBank, vectors_of


@check_arguments
class Inferencer:
    """Synthesise images from layouts in files, with the very transforms and sizes of the config's test set.

    Args:
        config: path or config of the training.
        checkpoint: path of the trained weights.
        device: such as ``'cpu'`` or ``'cuda:1'``; the GPU where there is one by default.
        cfg_options: entries of the config to override.
        styles: file of the styles to pick from, by ``encode_styles``.
        precision: of the generator: ``'float32'``, ``'bfloat16'``, or ``'auto'``, which suits the device.

    Attributes:
        config: of the training, with what was overridden.
        checkpoint: path of the weights, or None.
        device: that it runs on.
        model: the synthesizer without what only training needs, in eval mode.
        dataset: the config's test set; its files are not looked at.
    """

    def __init__(self, config: str | Path | Config, checkpoint: str | Path | None, device: str | None = None,
                 cfg_options: dict | None = None, styles: str | Path | None = None, precision: str = 'float32'):
        self.checkpoint, self.device = checkpoint, find_device(device)
        self.autocast = partial(run_in, settle(precision, self.device.type), self.device.type)
        self.config = load_config(config, cfg_options)
        if styles:
            self.config.model.styles = str(styles)
        self.model = build_for_inference(self.config, checkpoint).to(self.device)
        bake(self.model.generator)
        with DefaultScope.overwrite_default_scope('semsynth'):
            self.dataset = DATASETS.build({**dataset_of(self.config, 'test'), 'lazy_init': True, 'edges': None})
        self.reads_instances = self.model.data_preprocessor.instances

    @property
    def styles(self) -> StyleBank | None:
        """The styles that the model picks from, where it has some."""
        return self.model.styles

    @property
    def encodes_latents(self) -> bool:
        """Whether the model has an encoder that makes a latent of a photo."""
        return self.model.encoder is not None and self.model.encoder.latent_dim is not None

    def require_checkpoint(self) -> str | Path:
        """The path of the trained weights.

        Raises:
            ValueError: there are none: the model is as it was initialised.
        """
        if self.checkpoint is None:
            raise ValueError('The model has no checkpoint: give the Inferencer one.')
        return self.checkpoint

    def find(self, inputs: Iterable[str | Path], instances: str | Path | None = None,
             photos: str | Path | None = None, instances_optional: bool = False) -> list[LayoutFile]:
        """The layouts in files and folders.

        Args:
            inputs: label maps (image-like inputs, or photos whose edges are such, as the data set has them), or folders
                that hold some: files with the endings of the data set's.
            instances: folder of the instance maps, by the data set's endings; by default beside the label maps, or,
                where these are the data set's own, its folder of instance maps.
            photos: folder of photos of the layouts, which then give the styles and the latents; or, where the model
                takes latents alone from photos, one photo for all of them.
            instances_optional: name the instance maps that there are, whether the model reads instances or not.

        Raises:
            DataError: there are none, a file is missing, two have one name, or the model reads instances and a layout
                has none.
        """
        layouts, objects, pictures = [], Beside(self.dataset, 'instance'), Beside(self.dataset, 'photo')
        for layout, folder in find_layouts(self.dataset, inputs):
            if self.reads_instances or instances_optional:
                beside = Path(instances or instances_of(self.dataset, folder))
                layout.instance = self._instance(layout, beside, objects, instances_optional)
            if photos:
                layout.photo = self._photo(layout, Path(photos), pictures)
            layouts.append(layout)
        return layouts

    def _instance(self, layout: LayoutFile, folder: Path, beside: Beside, optional: bool) -> str | None:
        found = beside.find(layout, folder)
        if found is None and not optional:
            expected = beside.expected(layout, folder)
            way_out = '' if expected == Path(layout.label) else f'there is no {expected}; put it there, or '
            raise DataError(f'The model reads instance maps, but {layout.label} has none: {way_out}name the folder of '
                            'the instance maps with --instances.')
        return found

    def _photo(self, layout: LayoutFile, folder: Path, beside: Beside) -> str:
        if not self.encodes_latents:
            self._check_styled()
        elif folder.is_file() and self.model.style_channels:
            raise ValueError(f'{folder} cannot be the photo of all layouts: the model also takes the style of each '
                             'object from its own photo; name a folder of photos of the layouts.')
        elif folder.is_file():
            return str(folder)
        if not folder.exists():
            raise DataError(f'There is no {folder} to take photos from.')
        found = beside.find(layout, folder)
        if found is None:
            what = 'a latent' if self.encodes_latents else 'styles'
            raise DataError(f'{layout.label} has no photo to take {what} from: there is no '
                            f'{beside.expected(layout, folder)}.')
        return found

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
            layout: whose photo, where it has one, gives the styles of all its objects and the latent, as far as the
                model has encoders for these.
            count: number of results.
            seed: another one gives other results; the result's number and the layout's name count too.
            clusters: number of the cluster by name of class or id of object, as of ``StyleBank.choose``, which come
                before the photo's styles.

        Yields:
            As a call; ``real`` holds the photo; ``styles`` as of ``synthesize``.

        Raises:
            ValueError: the model reads styles, and there is neither a file of them nor a photo; or the clusters name
                what is not there.
        """
        photo = layout.photo if self.model.style_channels else None
        paths = {'instance': layout.instance, 'photo': photo, self.dataset.layout_kind: layout.label}
        scene = self.dataset.scene(layout.name, {kind: path for kind, path in paths.items() if path})
        batch = self.model.data_preprocessor(pseudo_collate([self.dataset.pipeline(scene)]))
        fixed: dict[int, Tensor] = {}
        if self.model.style_channels and not (self.styles or photo):
            raise ValueError(NO_STYLES)
        latent = None
        if layout.photo and self.encodes_latents:
            latent = self.encode_latent(read_photo(layout.photo)[..., ::-1], batch['layout'].size)
        if photo:
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
                from the model's ``StyleBank``, or are all zeros where it has none.
            seed: of what is picked, and of a latent.
            name: what the result is called.
            latent: ``(Z,)``, such as ``encode_latent`` makes of a photo; by default it is drawn from N(0, I).

        Returns:
            As one of a call's; with styles also ``styles``, that ``(F,)`` of each object by id.

        Raises:
            ValueError: the latent is not as long as the model's, or the model reads none.
        """
        return self._result(self._batch(name, label, instance), seed, styles or {}, latent)

    def _result(self, batch: dict, seed: int, fixed: Mapping[int, Tensor], latent: Tensor | None) -> dict:
        seed_all(seed)
        layout, channels, length = batch['layout'], self.model.style_channels, self.model.latent_dim
        if latent is not None and latent.shape != (length,):
            raise ValueError(f'latent has the shape {tuple(latent.shape)}, but the model reads '
                             f'{f"({length},)" if length else "none"}.')
        if length:
            latents = draw_latents([seed], length) if latent is None else latent[None]
            layout = layout.with_latent(latents.to(layout.device))
        if channels:
            layout = (self.styles or StyleBank.neutral(channels)).draw(layout, [seed], [fixed])
        with self.autocast():
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
            ValueError: the model was trained without an encoder that makes latents, or the photo has another shape.
        """
        if not self.encodes_latents:
            raise ValueError('No latent can be taken from a photo: the config of the model has no encoder that makes '
                             "one, such as dict(type='StyleEncoder').")
        if photo.ndim != 3 or photo.shape[2] != 3:
            raise ValueError(f'photo has the shape {photo.shape}, but an RGB photo is (height, width, 3).')
        image = torch.from_numpy(np.array(photo, order='C')).to(self.device)
        image = F.interpolate(image.permute(2, 0, 1)[None].float(), size, mode='bicubic', antialias=True)
        image = image.clamp(0, 255) / 127.5 - 1
        if self.model.data_preprocessor.image_channels == 1:
            image = to_gray(image)
        return self.model.encoder.encode(image)[0][0]

    def _batch(self, name: str, label: np.ndarray, instance: np.ndarray | None,
               photo: np.ndarray | None = None) -> dict:
        arrays = dict(label=label, instance=instance, image=None if photo is None else photo.transpose(2, 0, 1))
        inputs = {key: [torch.from_numpy(np.array(array, order='C'))] for key, array in arrays.items()
                  if array is not None}
        return self.model.data_preprocessor(dict(inputs=inputs, sample=dict(name=[name])))

    @torch.no_grad()
    def predict(self, sample: dict) -> dict:
        """Synthesise one sample of the data set; the result is as of a call, with the sample's ``real`` images."""
        with self.autocast():
            return self.model.val_step(pseudo_collate([sample]))[0]
