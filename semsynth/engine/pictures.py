"""Pictures of the same few scenes at intervals during training."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from semsynth.data.draws import Draw, seed_all
from semsynth.engine.ema import GeneratorEMAHook
from semsynth.engine.wrapping import bare
from semsynth.errors import DataError
from semsynth.registry import DATASETS, HOOKS
from semsynth.visualise import picture_grid
from semsynth.writing import write_png


@HOOKS.register_module()
class SamplePicturesHook(Hook):
    """A grid (label map, outputs, real images) of fixed scenes, into ``work_dir/pictures`` and the visualizer.

    Drawn by the generator's average where there is one.

    Args:
        dataset: config of the set that the scenes are from; the launch fills in the validation set.
        interval: iterations between grids; the last iteration always gives one.
        count: number of scenes, spread evenly over the set.
    """

    priority = 'LOW'

    def __init__(self, dataset: dict, interval: int = 500, count: int = 4):
        self.dataset, self.interval, self.count = dataset, interval, count

    def before_train(self, runner: Runner) -> None:
        """Choose the scenes and load them.

        Raises:
            DataError: the model takes styles from photos, and a scene has none.
        """
        if not is_main_process():
            return
        dataset = DATASETS.build(self.dataset)
        chosen = np.linspace(0, len(dataset) - 1, min(self.count, len(dataset))).round().astype(int)
        self.samples = [dataset[Draw(index, seed=0)] for index in chosen.tolist()]
        model = bare(runner.model)
        needs_photos = model.style_channels and model.styles is None
        if needs_photos and any('image' not in sample['inputs'] for sample in self.samples):
            raise DataError('default_hooks.pictures: the model takes styles from photos, but its scenes have none: '
                            'give it the dataset of another split, or set default_hooks=dict(pictures=None).')
        self.palette, self.classes = dataset.metainfo.get('palette'), dataset.metainfo.get('classes')
        self.average = next((hook for hook in runner.hooks if isinstance(hook, GeneratorEMAHook)), None)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Draw the pictures at their interval."""
        if is_main_process() and (self.every_n_train_iters(runner, self.interval) or self.is_last_train_iter(runner)):
            step = runner.iter + 1
            grid = result_grid(self._predict(runner), self.palette, self.classes)
            write_png(Path(runner.work_dir, 'pictures', f'iter_{step:06d}.png'), grid)
            runner.visualizer.add_image('samples', grid, step)

    @torch.no_grad()
    def _predict(self, runner: Runner) -> list[dict]:
        model = bare(runner.model)
        training = model.training
        seed_all(runner.seed)  # the same latents in every grid; the next iteration seeds itself
        model.eval()
        with self.average.averaged() if self.average else nullcontext():
            # one at a time: the scenes may differ in size
            results = [model.val_step(pseudo_collate([sample]))[0] for sample in self.samples]
        model.train(training)
        return results


def result_grid(results: list[dict], palette: Sequence[Sequence[int]] | None = None,
                classes: Sequence[str] | None = None) -> np.ndarray:
    """One row a result of ``mode='predict'``: label map or image-like input, outputs with the final image last, real
    images.

    Args:
        results: dicts with ``label`` ``(H, W)`` or ``raw``, ``outputs`` and ``real``, images by name, ``(3, H, W)`` or
            ``(1, H, W)`` uint8.
        palette: RGB of each class.
        classes: name of each class, for the legend.

    Returns:
        ``(H', W', 3)`` uint8 RGB.
    """
    outputs = sorted({name: None for result in results for name in result['outputs']}, key=lambda name: name == 'image')
    real = list({name: None for result in results for name in result['real']})
    layout = 'raw' if 'raw' in results[0] else 'label'
    caption = dict(raw='image-like input', label='label map')[layout]
    rows = [[result[layout], *(result['outputs'].get(name) for name in outputs),
             *(result['real'].get(name) for name in real)] for result in results]
    return picture_grid(rows, [caption, *outputs, *(f'real {name}' for name in real)], palette, classes)
