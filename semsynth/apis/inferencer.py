"""Inferencer: a trained model turns layouts into images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import Tensor

from semsynth.apis.building import build_for_inference, build_reader, open_model, warn_untrained
from semsynth.apis.layout_files import LayoutFile, add_instances, add_photos, find_layouts
from semsynth.apis.publishing.hub import download
from semsynth.apis.result import Result
from semsynth.apis.scenes import Input, Scene, SceneMaker, each_of
from semsynth.arguments import check_arguments
from semsynth.config_files import NAMED
from semsynth.data.draws import seed_all
from semsynth.data.layout_reader import Source
from semsynth.devices import find_device, run_in, settle
from semsynth.layers.spectral import bake
from semsynth.layout import Layout
from semsynth.models.synthesizer import NO_STYLES
from semsynth.seeds import draw_latents, seed_of
from semsynth.styles import StyleBank, vectors_of


@check_arguments
class Inferencer:
    """A trained model, ready to synthesise: ``Inferencer('iter_330.pth')('labels.png').image``.

    Files of layouts are read as in training: in the data set's ids, and resized to its size. The data set itself is
    not needed.

    Args:
        model: path of a checkpoint, which carries its config, or of a published folder; the name of one of ours, such
            as ``'semsynth::models/toycity'``; or a config, its path or its name, beside the checkpoint.
        checkpoint: path of the trained weights, only beside a config; with a config alone the model is not trained.
        device: such as ``'cpu'`` or ``'cuda:1'``; the GPU where there is one by default.
        cfg_options: entries of the config to override.
        styles: file of the styles to pick from, by ``encode_styles``.
        precision: of the generator: ``'float32'``, ``'bfloat16'``, or ``'auto'``, which suits the device.

    Attributes:
        config: of the training, with what was overridden.
        checkpoint: path of the weights, or None.
        meta: what the checkpoint says of its training.
        samples: label maps that came with a published model, to try it on.
        device: that it runs on.
        model: the synthesizer without what only training needs, in eval mode.
        reader: reads layouts; it knows the classes, their ids and colours, and the endings of files.
    """

    def __init__(self, model: str | Path | Config, checkpoint: str | Path | None = None, device: str | None = None,
                 cfg_options: dict | None = None, styles: str | Path | None = None, precision: str = 'float32'):
        self.device = find_device(device)
        self.autocast = partial(run_in, settle(precision, self.device.type), self.device.type)
        trained = open_model(model, checkpoint, cfg_options)
        self.config, self.checkpoint, self.meta = trained.config, trained.checkpoint, trained.meta
        self.samples = trained.samples
        if self.checkpoint is None and not isinstance(model, Config):
            warn_untrained(self.config)
        if styles:
            self.config.model.styles = str(styles)
        self.model = build_for_inference(self.config, self.checkpoint, trained.stored).to(self.device)
        bake(self.model.generator)
        self.reader = build_reader(trained)
        self.reads_instances = self.model.data_preprocessor.instances
        self._scenes = SceneMaker(self.model, self.reader)

    @classmethod
    def from_pretrained(cls, name: str | Path, *, revision: str | None = None, **options) -> Inferencer:
        """A published model: from a folder, or from the Hugging Face Hub.

        Args:
            name: path of the folder, or the name of one of ours; or, where there is none, ``USER/NAME`` on the Hub. It
                is downloaded once, and only the files of published folders are.
            revision: a branch, tag or commit on the Hub; the newest by default.
            options: ``device``, ``cfg_options``, ``styles`` and ``precision``.

        Raises:
            ValueError: nothing is published under that name, or it is no model.
        """
        is_here = Path(name).is_dir() or str(name).startswith(NAMED)
        return cls(name if is_here else download(str(name), revision), **options)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes by index; none of a model for image-like inputs."""
        return self.reader.classes

    @property
    def styles(self) -> StyleBank | None:
        """The styles that the model picks from, where it has some."""
        return self.model.styles

    @property
    def encodes_latents(self) -> bool:
        """Whether the model has an encoder that makes a latent of a photo."""
        return self._scenes.encodes_latents

    def require_checkpoint(self) -> Path:
        """The path of the trained weights.

        Raises:
            ValueError: there are none: the model is as it was initialised.
        """
        if self.checkpoint is None:
            raise ValueError('The model has no checkpoint: give the Inferencer one.')
        return self.checkpoint

    def check_samples(self, samples: int, photos: bool, looks: bool = False) -> None:
        """Refuse several samples of one layout where all would be the same.

        Args:
            samples: their number.
            photos: whether photos give the styles and the latents, as far as the model has encoders for these.
            looks: whether photos give the latents alone.
        """
        draws_latents = self.model.latent_dim and not ((photos or looks) and self.encodes_latents)
        if samples > 1 and not draws_latents and (photos or self.styles is None):
            raise ValueError(f'samples={samples}, but nothing is drawn at random: neither a latent, which the model '
                             'lacks or a photo gives, nor styles from a file (--styles).')

    def find(self, inputs: Iterable[str | Path], instances: str | Path | None = None,
             photos: str | Path | None = None, instances_optional: bool = False) -> list[LayoutFile]:
        """The layouts in files and folders.

        Args:
            inputs: label maps (image-like inputs, or photos whose edges are such, as the data set has them), or folders
                that hold some: files with the endings of the data set's.
            instances: folder of the instance maps, by the data set's endings; by default beside the label maps, or,
                where the data set has a folder for them, that one or one that lies as there: ``instances`` beside
                ``labels``. If no label map has one there,
                connected regions of things will be taken for objects.
            photos: folder of photos of the layouts, which then give the styles and the latents; or, where the model
                takes latents from photos, one photo that gives the latent of all of them.
            instances_optional: name the instance maps that there are, whether the model reads instances or not.

        Raises:
            DataError: there are none, a file is missing, two have one name, or only some of the layouts have the
                instance map that the model reads.
        """
        found = find_layouts(self.reader, inputs)
        if self.reads_instances or instances_optional:
            add_instances(self.reader, found, instances, instances_optional)
        if photos:
            self._scenes.check_takes_photos()
            add_photos(self.reader, found, Path(photos), self.encodes_latents)
        return [layout for layout, _ in found]

    def __call__(self, layouts: Input | Iterable[Input], instance: Source | None = None, *,
                 photo: Source | None = None, samples: int = 1, seed: int = 0) -> Result | Iterator[Result]:
        """Synthesise a layout, or one after another.

        Args:
            layouts: a label map in a file, or as Pillow opened it, in the data set's ids; class indices ``(H, W)``, at
                their own size; a ``Layout`` or a ``LayoutFile``; a folder of label maps; or several of all these. Where
                the model reads them: an image-like input, likewise, or a photo whose edges are one.
            instance: its instance map, likewise; of a folder, a folder. By default the file beside the label map.
                Without one, connected regions of things are taken for objects.
            photo: that gives the latent, and the styles of all objects of the same layout, as far as the model has
                encoders for these; of a folder, a folder of photos.
            samples: results of each layout, each with another random latent and other random styles.
            seed: another one gives other results.

        Returns:
            The result of one layout; an iterator over the results of several layouts, or over several samples, in their
            order.

        Raises:
            ValueError: what is given does not fit the model, or all samples would be the same.
            DataError: a file is missing or unsound.
        """
        self.check_samples(samples, photo is not None)
        several, given = True, cast(Iterable[Input], layouts)
        if isinstance(layouts, str | Path) and Path(layouts).is_dir():
            given = self.find([layouts], cast(str | None, instance), cast(str | None, photo))
            instance = photo = None
        elif isinstance(layouts, Layout):
            several, given = len(layouts) > 1, each_of(layouts)
        elif isinstance(layouts, Input) or not isinstance(layouts, Iterable):
            several, given = False, [layouts]
        scenes = (self._scene(each, instance, photo) for each in given)
        results = (result for scene in scenes for result in self._samples(scene, samples, seed))
        return results if several or samples > 1 else next(results)

    def sample(self, layout: LayoutFile, count: int = 1, seed: int = 0,
               clusters: Mapping[str, int] | None = None) -> Iterator[Result]:
        """Synthesise one layout several times, each time with other random styles and another random latent.

        Args:
            layout: whose photo, where it has one, gives the styles of all its objects and the latent, as far as the
                model has encoders for these.
            count: number of results.
            seed: another one gives other results; the result's number and the layout's name count too.
            clusters: number of the cluster by name of class or id of object, as of ``StyleBank.choose``, which come
                before the photo's styles.

        Yields:
            As a call; ``real`` holds the photo.

        Raises:
            ValueError: the model reads styles, and there is neither a file of them nor a photo; or the clusters name
                what is not there.
        """
        scene = self._scene(layout)
        if clusters:
            self._scenes.check_styled()
            if self.styles is None:
                raise ValueError('Clusters are named by their number in a file of styles: name it with --styles.')
            scene.styles = {**scene.styles, **self.styles.choose(scene.batch['layout'], clusters)[0]}
        yield from self._samples(scene, count, seed)

    def synthesize(self, label: np.ndarray, instance: np.ndarray | None = None,
                   styles: Mapping[int, Tensor] | None = None, seed: int = 0, name: str = 'layout',
                   latent: Tensor | None = None) -> Result:
        """Synthesise a layout in arrays, at its own size, with all that is random in hand.

        Args:
            label: class indices, ``(H, W)``.
            instance: object ids, ``(H, W)``; None where the model reads no instances, or for connected regions of
                things.
            styles: the style ``(F,)`` of some objects by id (without instances: by class index); the others' are picked
                from the model's ``StyleBank``, or are all zeros where it has none.
            seed: of what is picked, and of a latent.
            name: what the result is called.
            latent: ``(Z,)``, such as ``encode_latent`` makes of a photo; by default it is drawn from N(0, I).

        Raises:
            ValueError: the latent is not as long as the model's, or the model reads none.
        """
        return self._result(Scene(name, self._scenes.batch(name, label, instance), styles or {}, latent), seed)

    def encode(self, photo: np.ndarray, label: np.ndarray, instance: np.ndarray | None = None) -> dict[int, Tensor]:
        """The style ``(F,)`` of each object of a photo, by id.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            label: its class indices, ``(H, W)``.
            instance: its object ids, ``(H, W)``; None as of ``synthesize``.

        Raises:
            ValueError: the model was trained without styles.
        """
        self._scenes.check_styled()
        return self._scenes.styles_in(self._scenes.batch('photo', label, instance, photo))

    def encode_latent(self, photo: np.ndarray, size: tuple[int, int]) -> Tensor:
        """The latent ``(Z,)`` of a photo: the mean of its posterior.

        Args:
            photo: ``(h, w, 3)`` uint8 RGB, of any scene and size.
            size: height and width of the layouts, at which the encoder saw photos in training.

        Raises:
            ValueError: the model was trained without an encoder that makes latents, or the photo has another shape.
        """
        return self._scenes.encode_latent(photo, size)

    @torch.no_grad()
    def predict(self, sample: dict) -> Result:
        """Synthesise one sample of a data set; the result has the sample's ``real`` images."""
        with self.autocast():
            return Result(self.model.val_step(pseudo_collate([sample]))[0])

    def _scene(self, given: Input, instance: Source | None = None, photo: Source | None = None) -> Scene:
        if isinstance(given, str | Path):
            [given] = self.find([given])
        scene = self._scenes.scene(given, instance, photo)
        if self.model.style_channels and not (self.styles or scene.styles):
            raise ValueError(NO_STYLES)
        return scene

    def _samples(self, scene: Scene, count: int, seed: int) -> Iterator[Result]:
        return (self._result(scene, seed_of(scene.name, number, seed)) for number in range(count))

    @torch.no_grad()
    def _result(self, scene: Scene, seed: int) -> Result:
        seed_all(seed)
        layout, channels, length = scene.batch['layout'], self.model.style_channels, self.model.latent_dim
        if scene.latent is not None and scene.latent.shape != (length,):
            raise ValueError(f'latent has the shape {tuple(scene.latent.shape)}, but the model reads '
                             f'{f"({length},)" if length else "none"}.')
        if length:
            latents = draw_latents([seed], length) if scene.latent is None else scene.latent[None]
            layout = layout.with_latent(latents.to(layout.device))
        if channels:
            layout = (self.styles or StyleBank.neutral(channels)).draw(layout, [seed], [scene.styles])
        with self.autocast():
            [result] = self.model(**{**scene.batch, 'layout': layout}, mode='predict')
        return Result(result, **(dict(styles=vectors_of(layout)[0]) if channels else {}))
