"""The same few scenes by every row, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image

from semsynth.apis.ablate.run import Run
from semsynth.data.draws import Draw
from semsynth.data.scene_dataset import KEYS
from semsynth.engine.launch import load_config
from semsynth.registry import DATASETS
from semsynth.visualise import picture_grid


class Scenes:
    """A few scenes, spread evenly over the set that an ablation is judged on.

    Args:
        config: of any row: all are judged on the same scenes.
        count: number of scenes.
    """

    def __init__(self, config: Config, count: int = 4):
        with DefaultScope.overwrite_default_scope('semsynth'):
            self.dataset = DATASETS.build(load_config(config).test_dataloader.dataset)
        chosen = np.linspace(0, len(self.dataset) - 1, min(count, len(self.dataset))).round().astype(int)
        self.samples = [self.dataset[Draw(index, seed=0)] for index in chosen.tolist()]
        self.files = [self.dataset.get_data_info(index) for index in chosen.tolist()]

    @property
    def inputs(self) -> list[str]:
        """The files of the layouts, as ``tools/synthesize.py`` takes them."""
        return [scene[KEYS[self.dataset.layout_kind]] for scene in self.files]

    @property
    def instances(self) -> str | None:
        """The folder of the instance maps."""
        return next((str(Path(scene[KEYS['instance']]).parent) for scene in self.files if KEYS['instance'] in scene),
                    None)

    def strip(self, titles: Sequence[str], runs: Sequence[Run | None]) -> np.ndarray:
        """Layout, each row's image, real image; ``(H, W, 3)`` uint8 RGB.

        Args:
            titles: of the rows.
            runs: whose pictures are shown, a gap for None.
        """
        lines = []
        for sample in self.samples:
            inputs, name = sample['inputs'], sample['sample']['name']
            lines.append([_layout(inputs), *(run and _read(run.folder / 'scenes' / f'{name}.png') for run in runs),
                          inputs.get('image')])
        return picture_grid(lines, ['layout', *titles, 'real'], self.dataset.metainfo.get('palette'))


def _layout(inputs: dict) -> np.ndarray | None:
    label = inputs.get('label')
    return label if label is None else label.numpy()


def _read(path: Path) -> np.ndarray | None:
    return np.asarray(Image.open(path).convert('RGB')).transpose(2, 0, 1) if path.is_file() else None
