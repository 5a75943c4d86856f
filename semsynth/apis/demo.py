"""The demo: from nothing to a gallery of synthesised street scenes, on a CPU."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from rich.console import Console

from semsynth.apis.gallery import write_gallery
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.processes import sigterm_unwinds, start, stop
from semsynth.engine.launch import load_config
from semsynth.visualise import colour_labels

CONFIG = 'configs/ecgan/ecgan_toycity.py'
SCENES, SHOWN = dict(train=2000, val=100), 12
METRICS = ('mIoU', 'aAcc', 'frechet_judge')
TEXT = (
    'ECGAN, trained on ToyCity for a few minutes on a CPU. Each row is a scene that training has not seen: the label '
    'map is all that the generator reads (with the boundaries between instances); from it come the edge map, the '
    "coarse image I' and the refined image I''. On the right is the rendered scene that the label map was taken from.",
    'mIoU and pixel accuracy are by a segmentor of another design (strided, dilated, with a feature pyramid) and seed '
    'than the one that training used (a plain U-Net); the Fréchet distance (lower is better) is on its features. The '
    'oracle row is the same judge on the real images; its distance is between two halves of the real set.')


@dataclass
class Task:
    """One command of the demo.

    Args:
        title: what it does.
        command: a tool and its arguments.
        result: the file that is there, whole, once it is done.
    """

    title: str
    command: list[str]
    result: Path


def demo_tasks(root: Path) -> list[Task]:
    """The commands of the demo in their order, each of which can be run by hand."""
    config = load_config(root / CONFIG)
    steps = config.train_cfg.max_iters
    work_dir = root / 'work_dirs' / Path(CONFIG).stem
    trained = work_dir / f'iter_{steps}.pth'
    render = ['tools/make_toycity.py', f'--out={config.data_root}', '--size', *map(str, config.image_size),
              *(f'--{split}={count}' for split, count in SCENES.items())]
    segmentors = {name: root / 'work_dirs' / f'{name}_toycity' / 'final.pth' for name in ('unet', 'judge')}
    return [
        Task('Render ToyCity', render, root / config.data_root / 'toycity.json'),
        Task('Train the label generator of the similarity loss',
             ['tools/train_segmentor.py', 'configs/segmentors/unet_toycity.py', '--resume'], segmentors['unet']),
        Task('Train the judge',
             ['tools/train_segmentor.py', 'configs/segmentors/judge_toycity.py', '--resume'], segmentors['judge']),
        Task('Train ECGAN', ['tools/train.py', CONFIG, '--resume'], trained),
        Task('Judge the untrained generator', ['tools/test.py', CONFIG], work_dir / 'results_untrained.json'),
        Task('Judge ECGAN', ['tools/test.py', CONFIG, str(trained.relative_to(root))],
             work_dir / f'results_{trained.stem}.json')]


def run_demo(root: Path) -> Path:
    """Run every task that is not done yet, then write the gallery.

    Args:
        root: the repository, with ``configs`` and ``tools``; it must be the current folder.

    Returns:
        Path of the gallery page.

    Raises:
        SystemExit: a task failed; its own message stands above.
    """
    console, tasks, start = Console(highlight=False), demo_tasks(root), time.monotonic()
    for number, task in enumerate(tasks, 1):
        console.rule(f'[{number}/{len(tasks)}] {task.title}', align='left')
        if task.result.is_file():
            console.print(f'done before: {task.result.relative_to(root)}')
            continue
        console.print(f'$ python {" ".join(task.command)}', markup=False)
        # Threads that wait soon sleep: where others use the cores too, a step is three times as fast.
        if _run(task.command, cwd=root, env={'GOMP_SPINCOUNT': '10000', **os.environ}):
            raise SystemExit(f'{task.title} failed (see above); `make demo` continues there once that is mended.')
        console.print(f'after {(time.monotonic() - start) / 60:.1f} min')
    console.rule('Gallery', align='left')
    return gallery(root, tasks[-3].result, untrained=tasks[-2].result, trained=tasks[-1].result)


def _run(command: list[str], **settings) -> int:
    """Run a tool; what ends this process ends that one first, a training with a checkpoint."""
    with sigterm_unwinds():
        process = start(command, **settings)
        try:
            return process.wait()
        except BaseException:
            stop([process])
            raise


def gallery(root: Path, checkpoint: Path, untrained: Path, trained: Path) -> Path:
    """Write the page: scores of both result files, and scenes of the validation set."""
    ours, theirs = (json.loads(path.read_text(encoding='utf-8'))['scores'] for path in (trained, untrained))
    scores = {'ECGAN': {metric: ours[metric] for metric in METRICS},
              'untrained generator': {metric: theirs[metric] for metric in METRICS},
              'real images (oracle)': {metric: ours[f'oracle_{metric}'] for metric in METRICS}}
    inferencer = Inferencer(root / CONFIG, checkpoint)
    dataset = inferencer.dataset
    dataset.full_init()
    samples = {}
    for index in islice(range(0, len(dataset), max(1, len(dataset) // SHOWN)), SHOWN):
        result = inferencer.predict(dataset[index])
        pictures = dict(result['outputs'], real=result['real']['image'])
        names = {'edge': 'edge map', 'coarse': 'coarse image', 'image': 'image', 'real': 'real'}
        samples[result['name']] = {'label map': colour_labels(result['label'], dataset.metainfo['palette'])} | {
            caption: np.ascontiguousarray(np.moveaxis(pictures[name].numpy(), 0, -1))
            for name, caption in names.items()}
    return write_gallery(root / 'work_dirs' / 'demo', 'ECGAN on ToyCity', samples, paragraphs=TEXT, scores=scores)
