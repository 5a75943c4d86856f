"""PasteObjects: objects of other scenes in front of a scene, with photo, label and instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, cast

import numpy as np
from mmcv.transforms import BaseTransform

from semsynth.data.numbering import Numbering
from semsynth.data.objects import find_objects, paste, stands_alike
from semsynth.data.pixel_counts import FOLDER, class_pixels
from semsynth.errors import first_few
from semsynth.registry import TRANSFORMS

if TYPE_CHECKING:
    from semsynth.data.scene_dataset import SceneDataset


class DataSetTransform(BaseTransform):
    """A transform that needs other scenes of the data set; ``use`` is called when that is built."""

    def use(self, dataset: SceneDataset) -> None:
        """Take the data set whose pipeline this is in."""
        raise NotImplementedError


@TRANSFORMS.register_module()
class PasteObjects(DataSetTransform):
    """Paste objects of rare classes from other scenes, at the place and size that they have there.

    The dataset's argument ``paste`` puts it in place: after resize and crop, which the other scene goes through as
    well, and before the flip. Photo, label map, instance map (with a new id) and edge map change together. An object is
    one id where the data set has instance maps and the class is among its ``things``, else a connected region. It is
    pasted only where it fits: where it hides no pixel of the classes that are pasted, and where what lies right below
    it is of the same classes as in its own scene.

    Args:
        classes: names of the classes whose objects are pasted.
        probability: with which a scene gets any.
        most: objects that a scene gets, at most; their number is drawn from 1 to this.
        least_area, most_area: least and largest share of the picture that an object may have.
        standing: the least share of the pixels right below the object that must be of one class in both scenes.
        tries: scenes that are looked at, at most, until enough of their objects fit; each is read for it.
        statistics: folder that keeps which scenes have which classes, as of ``RareClassSampler``.

    Raises:
        ValueError: the data set does not have such a class, or no label maps; or no class is named.
    """

    def __init__(self, classes: Sequence[str], probability: float = 0.5, most: int = 3, least_area: float = 0.001,
                 most_area: float = 0.1, standing: float = 0.5, tries: int = 3, statistics: str = FOLDER):
        if not classes:
            raise ValueError('PasteObjects: classes is empty: name the classes whose objects are to be pasted.')
        self.classes, self.probability, self.most, self.tries = tuple(classes), probability, most, tries
        self.least_area, self.most_area, self.standing = least_area, most_area, standing
        self.statistics = statistics
        self._dataset: SceneDataset | None = None
        self._donors: dict[int, np.ndarray] | None = None

    def use(self, dataset: SceneDataset) -> None:
        """Take the data set, and find its classes."""
        space = dataset.label_space
        names = space.classes if space is not None else ()
        if strangers := [name for name in self.classes if name not in names]:
            raise ValueError(f'PasteObjects: {strangers[0]!r} is none of the classes of {type(dataset).__name__}: '
                             f'{first_few(names, 40) or "it has image-like inputs"}.')
        self._dataset, self._donors = dataset, None
        self._indices = [names.index(name) for name in self.classes]
        self._things = frozenset(dataset.metainfo.get('things', ()))
        self._numbering = Numbering(space, self._things) if space is not None else None

    def transform(self, results: dict) -> dict:
        """Change ``img`` and every map in ``seg_fields``; ``pasted`` lists the new objects' scenes and classes."""
        if 'img' not in results or np.random.rand() >= self.probability:
            return results
        wanted, pasted = np.random.randint(1, self.most + 1), []
        donors = {index: scenes for index, scenes in self._scenes_with().items() if len(scenes)}
        for _ in range(self.tries if donors else 0):
            class_index = int(np.random.choice(list(donors)))
            donor = self._scene(int(np.random.choice(donors[class_index])))
            if donor['name'] == results['name'] or 'img' not in donor:
                continue
            for mask in self._objects(donor, class_index):
                if self._fits(mask, donor, results):
                    self._paste(results, donor, mask, class_index)
                    pasted.append((donor['name'], class_index))
                if len(pasted) == wanted:
                    return results | dict(pasted=pasted)
        return results | (dict(pasted=pasted) if pasted else {})

    def _scenes_with(self) -> dict[int, np.ndarray]:
        """The scenes that have each of the classes."""
        if self._donors is None:
            if self._dataset is None:
                raise ValueError('PasteObjects takes objects from a data set of scenes: use it in the pipeline of one '
                                 '(its argument paste).')
            pixels = class_pixels(self._dataset, self.statistics, quiet=True)
            self._donors = {index: np.flatnonzero(pixels[:, index]) for index in self._indices}
        return self._donors

    def _scene(self, number: int) -> dict:
        """Another scene, as it is at this place of the pipeline."""
        dataset = cast('SceneDataset', self._dataset)
        scene = dataset.get_data_info(number)
        for part in takewhile(lambda part: part is not self, dataset.pipeline.transforms):
            scene = part(scene)
        return scene

    def _objects(self, donor: dict, class_index: int) -> Iterator[np.ndarray]:
        """The pixels of each object of a class that has a fitting size, in a random order."""
        instance = donor.get('instance_map') if class_index in self._things else None
        parts, areas = find_objects(donor['gt_seg_map'], instance, class_index)
        for number in np.random.permutation(np.arange(1, len(areas))):
            if self.least_area <= areas[number] / parts.size <= self.most_area:
                yield parts == number

    def _fits(self, mask: np.ndarray, donor: dict, scene: dict) -> bool:
        """Whether an object hides none of the classes, and stands on what it stands on in its own scene."""
        label, target = donor['gt_seg_map'], scene['gt_seg_map']
        if label.shape != target.shape or np.isin(target[mask], self._indices).any():
            return False
        return stands_alike(mask, label, target) >= self.standing

    def _paste(self, scene: dict, donor: dict, mask: np.ndarray, class_index: int) -> None:
        if 'instance_map' in scene:
            scene['gt_seg_map'], scene['instance_map'], _ = paste(
                scene['gt_seg_map'], scene['instance_map'], mask, class_index, cast(Numbering, self._numbering))
        for key in {'img', *scene['seg_fields']} - {'instance_map'}:
            if key in donor:
                scene[key] = scene[key].copy()
                scene[key][mask] = donor[key][mask]
