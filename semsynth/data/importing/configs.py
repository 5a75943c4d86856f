"""The configs that an import writes: the data set, a first training of it, and what ECGAN and scores need."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pprint import pformat

Size = tuple[int, int]
CPU_PIXELS, GPU_PIXELS = 128 * 128, 256 * 512
"""What networks are trained at: about so many pixels, in the shape of most photos."""
DIVISOR, LEAST = 16, 64
"""Of height and width; networks halve them several times."""


@dataclass(frozen=True)
class DataSettings:
    """What the data set's config says.

    Args:
        classes: names; that of the unknown class, which is the last, included.
        palette: a colour each.
        unknown: index of the unknown class, or None.
        unknown_id: what it is called in files.
        things: names of the classes that have objects.
        instances: whether there are instance maps.
        splits: the number of scenes of each.
        size: to which scenes are resized.
    """

    classes: Sequence[str]
    palette: Sequence[Sequence[int]]
    unknown: int | None
    unknown_id: int
    things: Sequence[str]
    instances: bool
    splits: Counter[str]
    size: Size


def config_name(folder: str) -> str:
    """A folder's name as that of a config."""
    return re.sub(r'\W+', '_', folder).strip('_') or 'scenes'


def training_size(sizes: Counter[Size], pixels: int) -> Size:
    """Height and width of about so many pixels, in the shape of most photos, and no larger unless they are tiny."""
    height, width = max(sizes, key=lambda size: (sizes[size], size))
    scale = min(1, (pixels / (height * width)) ** 0.5)
    high, wide = (max(LEAST, round(side * scale / DIVISOR) * DIVISOR) for side in (height, width))
    return high, wide


def dataset_config(about: str, settings: DataSettings) -> str:
    """The text of the data set's config, which lies in the data's folder.

    Args:
        about: what it is, in a line.
        settings: what it says.
    """
    unknown_ids = () if settings.unknown is None else (settings.unknown_id,)
    loaders = {split: f'dict(num_workers=2, dataset=dict(scenes, split={split!r}, test_mode=True))' if
               settings.splits[split] else None for split in ('val', 'test')}
    return f"""# {about}
data_root = '{{{{ fileDirname }}}}'  # the folder of this file
image_size = {settings.size}  # height x width
batch_size = {min(4, settings.splits['train'])}
{_entry('classes', tuple(settings.classes))}
num_classes = {len(settings.classes)}
unknown = {settings.unknown}  # the index that means no class
{_entry('palette', [list(colour) for colour in settings.palette])}
{_entry('things', tuple(settings.things))}  # they come in instances: single objects in the editor
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=num_classes, unknown=unknown,
                         instances={settings.instances})
class_map = 'identity'
scenes = dict(type='PairedFolderDataset', classes=classes, palette=palette, unknown=unknown, things=things,
              unknown_ids={unknown_ids})

train_dataloader = dict(num_workers=2, dataset=dict(scenes, split='train', flip=0.5))
val_dataloader = {loaders['val'] or loaders['test']}
test_dataloader = {loaders['test'] or 'val_dataloader'}
"""


def training_config(dataset: str, scenes: int, gpu: bool) -> str:
    """The text of a config that trains pix2pixHD: narrowed to a CPU, or as in the paper on a GPU.

    Args:
        dataset: file of the data set's config, beside it.
        scenes: to train on; the number of steps follows from it.
        gpu: whether there is a GPU.
    """
    model, schedule = ('pix2pixhd', 'pix2pixhd_200e') if gpu else ('pix2pixhd_small', 'pix2pixhd_short')
    return f"# pix2pixHD{_training(dataset, model, schedule, scenes, gpu)}"


def ecgan_config(dataset: str, scenes: int, gpu: bool, name: str) -> str:
    """The text of a config that trains ECGAN, and scores it.

    Args:
        dataset: file of the data set's config, beside it.
        scenes: to train on.
        gpu: whether there is a GPU.
        name: of the data set, with which the configs of label generator and judge end.
    """
    model, schedule = ('ecgan', 'ecgan_200e') if gpu else ('ecgan_small', 'camvid')
    return f"""# ECGAN{_training(dataset, model, schedule, scenes, gpu)}
# Train both first: semsynth train_segmentor unet_{name}.py, and judge_{name}.py, in this folder.
model = dict(segmentor=dict(type='Segmentor', config='unet_{name}.py', checkpoint='work_dirs/unet_{name}/final.pth'))
train_dataloader = dict(dataset=dict(edges=dict()))
judge = dict(type='Segmentor', config='judge_{name}.py', checkpoint='work_dirs/judge_{name}/final.pth')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge), dict(type='FrechetDistance', judge=judge)]
"""


def segmentor_config(dataset: str, num_classes: int, judge: bool) -> str:
    """The text of the config of a label generator, or of a judge: another architecture, and another seed.

    Args:
        dataset: file of the data set's config, beside it.
        num_classes: without the unknown one.
        judge: whether it is the judge.
    """
    what, model = ('judge, which no training sees', 'segmentor_fpn') if judge else ('label generator', 'segmentor_unet')
    return f"""# The {what}. After it is trained, it also labels photos: semsynth label.
_base_ = ['semsynth::_base_/models/{model}.py', '{dataset}', 'semsynth::_base_/segmentor_runtime.py']
model = dict(data_preprocessor=dict(size=_base_.image_size), decode_head=dict(num_classes={num_classes}))
# With a class_map, a data set gives the labels of a segmentor's classes; for testing, at their own size.
train_dataloader = dict(dataset=dict(class_map=_base_.class_map))
val_dataloader = dict(dataset=dict(class_map=_base_.class_map))
test_dataloader = val_dataloader
randomness = dict(seed={int(judge)})
"""


def _training(dataset: str, model: str, schedule: str, scenes: int, gpu: bool) -> str:
    """What the configs that train a synthesizer have in common, from their first comment on."""
    # as many passes as the papers' where there is time; with few scenes more, with many fewer
    steps = min(max(scenes * 200 // 4, 20000), 200000) if gpu else min(max(scenes * 20 // 4, 1000), 4000)
    where, interval = ('for a GPU', 500) if gpu else ('narrowed, for a CPU', 100)
    return f""", {where}. --cfg-options train_cfg.max_iters=N makes it shorter or longer.
_base_ = [
    'semsynth::_base_/models/{model}.py', '{dataset}',
    'semsynth::_base_/schedules/{schedule}.py', 'semsynth::_base_/default_runtime.py'
]
train_cfg = dict(max_iters={steps}, val_interval={steps}{', max_epochs=None' if gpu else ''})
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum={0.001 if gpu else 0.002}),
                     checkpoint=dict(interval={interval}), pictures=dict(interval={interval}))
"""


def _entry(name: str, value: object) -> str:
    """An entry of a config, in lines of at most 110 columns."""
    indent = len(f'{name} = ')
    return f'{name} = ' + pformat(value, width=110 - indent, compact=True).replace('\n', '\n' + ' ' * indent)
