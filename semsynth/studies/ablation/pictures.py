"""Pictures of an ablation: the same few scenes, synthesised by every row, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.apis.layout_files import find_layouts
from semsynth.config import load_config
from semsynth.data.draws import Draw
from semsynth.data.layout_reader import LayoutReader
from semsynth.data.pictures import read_rgb
from semsynth.data.scene_dataset import KEYS
from semsynth.registry import DATASETS
from semsynth.stored_config import layout_facts
from semsynth.studies.ablation.rows import Row
from semsynth.studies.ablation.run import Run
from semsynth.visualise import picture_grid


class Scenes:
    """A few scenes, spread evenly over the set that an ablation is judged on.

    Args:
        config: of any row: all are judged on the same scenes.
        count: number of scenes.

    Attributes:
        inputs: the files of the layouts, as ``semsynth synthesize`` takes them.
    """

    def __init__(self, config: Config, count: int = 4):
        with DefaultScope.overwrite_default_scope('semsynth'):
            loaded = load_config(config)
            self.dataset = DATASETS.build(loaded.test_dataloader.dataset)
            self.reader = LayoutReader(**layout_facts(loaded))
        chosen = np.linspace(0, len(self.dataset) - 1, min(count, len(self.dataset))).round().astype(int)
        self.samples = [self.dataset[Draw(index, seed=0)] for index in chosen.tolist()]
        self.inputs = [self.dataset.get_data_info(index)[KEYS[self.dataset.layout_kind]] for index in chosen.tolist()]

    def of(self, row: Row) -> list[str]:
        """The inputs, or none for a row that is judged on other scenes: its label maps may mean other classes."""
        return [] if row.is_judged_on_other_scenes else self.inputs

    def strip(self, titles: Sequence[str], runs: Sequence[Run | None]) -> np.ndarray:
        """Label map, each row's image, real image; ``(H, W, 3)`` uint8 RGB.

        Args:
            titles: of the rows.
            runs: whose pictures are shown, a gap for None.
        """
        names = [layout.name for layout, _ in find_layouts(self.reader, self.inputs)]
        lines = []
        for sample, name in zip(self.samples, names, strict=True):
            ours = [run and _read(run.folder / 'scenes' / f'{name}.png') for run in runs]
            lines.append([sample['inputs'].get('label'), *ours, sample['inputs'].get('image')])
        meta = self.dataset.metainfo
        return picture_grid(lines, ['label map', *titles, 'real'], meta.get('palette'), meta.get('classes'))


def _read(path: Path) -> np.ndarray | None:
    return read_rgb(path).transpose(2, 0, 1) if path.is_file() else None
