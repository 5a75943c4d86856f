"""Pictures of a preference study: images of the same scenes by several methods, and their layouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import cv2
import mmcv
import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.config import dataset_of, load_config
from semsynth.data.files import find_by_stem
from semsynth.data.pictures import PHOTO_SUFFIXES, read_ids, read_photo, read_size
from semsynth.data.scene_dataset import SceneDataset
from semsynth.data.transforms.resizing import resize_ids
from semsynth.errors import DataError, first_few
from semsynth.label_spaces import LabelSpace
from semsynth.registry import DATASETS
from semsynth.visualise import colour_labels

DIMMED, LINE_COLOUR = 0.3, (255, 220, 0)


def find_scenes(results: Mapping[str, str | Path], endings: tuple[str, ...] = ()
                ) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The scenes of which every method has an image; ``NAME_edge`` beside ``NAME`` is not a scene.

    Args:
        results: folder of each method, by name.
        endings: endings of images beyond the usual ones, such as ``_leftImg8bit.png``.

    Returns:
        Scene -> method -> path; and a sentence for each method that lacks scenes which others have.

    Raises:
        DataError: a folder is absent or holds no images, two images have one name, or no scene is in all folders.
    """
    found = {method: _images(Path(folder), endings) for method, folder in results.items()}
    scenes = sorted(set.union(*map(set, found.values())))
    common = [scene for scene in scenes if all(scene in images for images in found.values())]
    if not common:
        examples = '; '.join(f'{method}: {first_few(sorted(images), 2)}' for method, images in found.items())
        raise DataError(f'No name of an image is in every folder ({examples}): images of one scene need one name; for '
                        'photos as in a data set, name a config of it with --config, so that their endings are known.')
    lacking = {method: [scene for scene in scenes if scene not in images] for method, images in found.items()}
    notices = [f'{method} has no image of {len(names)} of {len(scenes)} scenes ({first_few(names)}): left out.'
               for method, names in lacking.items() if names]
    return {scene: {method: images[scene] for method, images in found.items()} for scene in common}, notices


def _images(folder: Path, endings: tuple[str, ...]) -> dict[str, str]:
    if not folder.is_dir():
        raise DataError(f'There is no folder {folder} of results: name one that holds images, as semsynth '
                        'synthesize writes them.')
    found = find_by_stem(folder, (*endings, *PHOTO_SUFFIXES))
    if twins := [' and '.join(paths) for paths in found.values() if len(paths) > 1]:
        raise DataError(f'{folder} holds more than one image of a name ({first_few(twins)}): keep one of each.')
    images = {stem: path for stem, [path] in found.items()
              if not (stem.endswith('_edge') and stem.removesuffix('_edge') in found)}
    if not images:
        raise DataError(f'{folder} holds no images: they end in {", ".join(PHOTO_SUFFIXES)}.')
    return images


def check_sizes(scenes: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse scenes whose images differ in size.

    Raises:
        DataError: names the first, and how many there are.
    """
    differing = {}
    for scene, paths in scenes.items():
        sizes = {path: read_size(path) for path in paths.values()}
        if len(set(sizes.values())) > 1:
            differing[scene] = ', '.join(f'{path} is {height}x{width}' for path, (height, width) in sizes.items())
    if differing:
        raise DataError(f'The images of {len(differing)} of {len(scenes)} scenes differ in size '
                        f'({next(iter(differing.values()))}): bring all to one size with --size HEIGHT WIDTH.')


def read_picture(path: str, size: tuple[int, int] | None = None) -> np.ndarray:
    """An image, ``(H, W, 3)`` uint8 RGB; resized as training resizes photos where ``size`` (height, width) is given."""
    picture = read_photo(path)
    if size is not None and picture.shape[:2] != tuple(size):
        picture = mmcv.imresize(picture, size[::-1], interpolation='bicubic', backend='pillow')
    return np.ascontiguousarray(picture[..., ::-1])


def highlight(picture: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Dim a picture outside a region and draw a line round it, a little off, so that the region's own border is seen.

    Args:
        picture: ``(H, W, 3)`` uint8.
        region: ``(H, W)`` bool.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    margin = max(2, min(region.shape) // 64)
    near = _grown(region.astype(np.uint8), margin)
    line = _grown(near, max(1, margin // 2)) > near
    shown = np.where(near[..., None] > 0, picture, (DIMMED * picture).astype(np.uint8))
    shown[line] = LINE_COLOUR
    return shown


def _grown(region: np.ndarray, radius: int) -> np.ndarray:
    return cv2.dilate(region, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))


class StudyLayouts:
    """The label maps of a study's scenes, in files.

    Args:
        dataset: says what the ids in the files mean, and how the files end; as of ``data_set_of``.
        folder: where the label maps are, by the scenes' names.
        classes: of what to highlight the regions; where there are none, the study shows the whole layout.

    Raises:
        ValueError: the data set has no such class; a DataError where there are no label maps.
    """

    def __init__(self, dataset: SceneDataset, folder: str | Path, classes: Sequence[str] = ()):
        self.space, self.folder, self.classes = cast(LabelSpace, dataset.label_space), folder, tuple(classes)
        self.dataset, names = dataset, self.space.classes
        if strangers := [name for name in classes if name not in names]:
            raise ValueError(f'classes={list(classes)}: the data set has no class {first_few(strangers)}; it has '
                             f'{", ".join(names)}.')
        self.indices = [index for index, name in enumerate(names) if name in classes]
        self.files = find_by_stem(folder, dataset.suffixes['label'])
        if not self.files:
            raise DataError(f'There are no label maps in {folder}: they end in {", ".join(dataset.suffixes["label"])}.')

    def label(self, scene: str, size: tuple[int, int]) -> np.ndarray:
        """A scene's label map, ``(H, W)`` indices, at an image's size (height, width).

        Raises:
            DataError: the scene has no label map, or one that cannot be read.
        """
        if scene not in self.files:
            raise DataError(f'The scene {scene} has no label map in {self.folder}: add it, or remove its images.')
        path = self.files[scene][0]
        return resize_ids(self.space.to_indices(read_ids(path), path), size[::-1])

    def region(self, scene: str, size: tuple[int, int]) -> np.ndarray:
        """Where the scene is of the classes, ``(H, W)`` bool."""
        return np.isin(self.label(scene, size), self.indices)

    def drawing(self, scene: str, size: tuple[int, int]) -> np.ndarray:
        """The label map in the data set's colours, ``(H, W, 3)`` uint8 RGB."""
        return colour_labels(self.label(scene, size), self.dataset.metainfo['palette'] or None)


def data_set_of(config: str | Path | Config, cfg_options: dict | None = None) -> SceneDataset:
    """The test set of a config, for its label space and file endings; its files need not be there."""
    cfg = load_config(config, cfg_options)
    with DefaultScope.overwrite_default_scope('semsynth'):
        return DATASETS.build({**dataset_of(cfg, 'test'), 'lazy_init': True, 'edges': None})
