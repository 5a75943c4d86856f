"""The demo: from nothing to a gallery of synthesised street scenes, on a CPU."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from mmengine.registry import DefaultScope
from rich.console import Console

from semsynth.apis.gallery import legend_of, write_gallery
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.training import usual_weights
from semsynth.completion import work_dir_of
from semsynth.config import dataset_of, load_config
from semsynth.registry import DATASETS
from semsynth.scores import oracle_of
from semsynth.studies.processes import COMMAND, share, sigterm_unwinds, start, stop
from semsynth.visualise import colour_labels

CONFIG = 'semsynth::ecgan/ecgan_toycity_demo.py'
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
        command: a subcommand and its arguments.
        result: the file that is there, whole, once it is done.
    """

    title: str
    command: list[str]
    result: Path


def demo_steps() -> list[list[Task]]:
    """The commands of the demo in their order, each of which can be run by hand; those of one step need not wait.

    They work in the current folder.
    """
    config = load_config(CONFIG)
    work_dir = work_dir_of(config)
    trained = work_dir / f'iter_{config.train_cfg.max_iters}.pth'
    render = ['make_toycity', f'--out={config.data_root}', '--size', *map(str, config.image_size),
              *(f'--{split}={count}' for split, count in SCENES.items())]
    segmentors = {name: f'semsynth::segmentors/{name}_toycity.py' for name in ('unet', 'judge')}
    return [
        [Task('Render ToyCity', render, Path(config.data_root, 'toycity.json'))],
        [Task(title, ['train_segmentor', segmentors[name], '--resume'], Path(usual_weights(segmentors[name])))
         for name, title in dict(unet='Train the label generator of the losses', judge='Train the judge').items()],
        [Task('Train ECGAN', ['train', CONFIG, '--resume'], trained)],
        [Task('Judge the untrained generator', ['test', CONFIG], work_dir / 'results_untrained.json')],
        [Task('Judge ECGAN', ['test', CONFIG, str(trained)], work_dir / f'results_{trained.stem}.json')]]


def run_demo() -> Path:
    """Run every task that is not done yet in the current folder, then write the gallery.

    Returns:
        Path of the gallery page.

    Raises:
        SystemExit: a task failed; its own message stands above.
    """
    console, steps, began = Console(highlight=False), demo_steps(), time.monotonic()
    for number, step in enumerate(steps, 1):
        console.rule(f'[{number}/{len(steps)}] {"; ".join(task.title for task in step)}', align='left')
        for task in step:
            console.print(f'done before: {task.result}' if task.result.is_file() else
                          f'$ semsynth {" ".join(task.command)}', markup=False, soft_wrap=True)
        waiting = [task for task in step if not task.result.is_file()]
        if failed := run_beside(waiting, console):
            raise SystemExit(f'{"; ".join(failed)} failed (see above); the same command continues there once that is '
                             'mended.')
        if waiting:
            console.print(f'after {(time.monotonic() - began) / 60:.1f} min')
    console.rule('Gallery', align='left')
    [trained], [untrained], [judged] = steps[-3:]
    return gallery(trained.result, untrained=untrained.result, trained=judged.result)


def run_beside(tasks: Sequence[Task], console: Console) -> list[str]:
    """Run tasks side by side, each on its share of the cores: two small networks train faster so than in turn.

    Args:
        tasks: what to run; what one of several prints comes line by line, under its title.
        console: to print to.

    Returns:
        The titles of those that failed.
    """
    piped = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) if len(tasks) > 1 else {}
    processes, readers = [], []
    with sigterm_unwinds():
        try:
            for slot, task in enumerate(tasks):
                processes.append(start([*COMMAND, *task.command], env=share(slot, len(tasks)), **piped))
                if piped:
                    readers.append(threading.Thread(target=_echo, args=(task.title, processes[-1], console)))
                    readers[-1].start()
            codes = [process.wait() for process in processes]
        finally:
            stop(processes)  # what ends this process ends those first, a training with a checkpoint
            for reader in readers:
                reader.join()
    return [task.title for task, code in zip(tasks, codes, strict=True) if code]


def _echo(title: str, process: subprocess.Popen, console: Console) -> None:
    for line in process.stdout or ():
        console.print(f'{title}: {line.rstrip()}', markup=False, soft_wrap=True)


def gallery(checkpoint: Path, untrained: Path, trained: Path) -> Path:
    """Write the page: scores of both result files, and scenes of the validation set."""
    reports = [json.loads(path.read_text(encoding='utf-8')) for path in (trained, untrained)]
    titles, (ours, theirs) = reports[0]['titles'], (report['scores'] for report in reports)
    scores = {'ECGAN': {titles[metric]: ours[metric] for metric in METRICS},
              'untrained generator': {titles[metric]: theirs[metric] for metric in METRICS},
              'real images (oracle)': {titles[metric]: ours[oracle_of(metric)] for metric in METRICS}}
    inferencer = Inferencer(CONFIG, checkpoint)
    with DefaultScope.overwrite_default_scope('semsynth'):
        dataset = DATASETS.build({**dataset_of(inferencer.config, 'test'), 'edges': None})
    samples = {}
    for index in islice(range(0, len(dataset), max(1, len(dataset) // SHOWN)), SHOWN):
        result = inferencer.predict(dataset[index])
        pictures = dict(result['outputs'], real=result['real']['image'])
        names = {'edge': 'edge map', 'coarse': 'coarse image', 'image': 'image', 'real': 'real'}
        samples[result['name']] = {'label map': colour_labels(result['label'], dataset.metainfo['palette'])} | {
            caption: np.ascontiguousarray(np.moveaxis(pictures[name].numpy(), 0, -1))
            for name, caption in names.items()}
    return write_gallery(Path('work_dirs', 'demo'), 'ECGAN on ToyCity', samples, paragraphs=TEXT, scores=scores,
                         legend=legend_of(dataset.metainfo['classes'], dataset.metainfo['palette']))
