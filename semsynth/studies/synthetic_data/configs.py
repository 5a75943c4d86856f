"""The configs of a synthetic data set: one for this library, and one for mmseg."""

from __future__ import annotations

from pprint import pformat
from typing import Any

from semsynth.studies.synthetic_data.folder import SPLIT, SyntheticClasses


def scenes(classes: SyntheticClasses, instances: bool) -> dict[str, Any]:
    """The data set of a folder, but for ``data_root``, as a config names it: plain data."""
    return dict(type='PairedFolderDataset', split=SPLIT, classes=list(classes.names),
                palette=[list(colour) for colour in classes.palette], unknown=classes.unknown,
                unknown_ids=[classes.no_class], things=list(classes.things), instances=instances)


def own_config(about: str, classes: SyntheticClasses, size: tuple[int, int], instances: bool) -> str:
    """The text of the data set's config for this library, which lies in the data's folder."""
    settings = scenes(classes, instances)
    return f"""# {about}
data_root = '{{{{ fileDirname }}}}'  # the folder of this file
image_size = {size}  # height x width
batch_size = 4
data_preprocessor = dict(type='LayoutPreprocessor', num_classes={len(classes.names)}, unknown={classes.unknown},
                         instances={instances})
{_entry('class_map', list(classes.table))}  # the segmentor's class of each index; 255: none
{_entry('scenes', settings)}

# A segmentor's: a synthesizer's data set has no class_map. There is no real photo to validate on.
train_dataloader = dict(num_workers=2, dataset=dict(scenes, flip=0.5, class_map=class_map))
val_dataloader = None
test_dataloader = None
"""


def mmseg_config(about: str, classes: SyntheticClasses) -> str:
    """The text of the data set's config for mmseg, which lies in the data's folder and needs nothing of this library.
    """
    labels = 'labels' if classes.numbers_alike else 'classes'
    names, palette = zip(*classes.segmentor_classes, strict=True)
    return f"""# {about}
# For mmseg. Put it among the _base_ of a config, or join it with the real photos:
# train_dataloader = dict(dataset=dict(_delete_=True, type='ConcatDataset', datasets=[REAL, _base_.synthetic]))
{_entry('classes', tuple(names))}
{_entry('palette', [list(colour) for colour in palette])}
synthetic = dict(
    type='BaseSegDataset', data_root='{{{{ fileDirname }}}}', img_suffix='.png', seg_map_suffix='.png',
    data_prefix=dict(img_path='images/{SPLIT}', seg_map_path='{labels}/{SPLIT}'),  # 255 in label maps is ignored
    metainfo=dict(classes=classes, palette=palette),
    pipeline=[
        dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'), dict(type='RandomFlip', prob=0.5),
        dict(type='PhotoMetricDistortion'), dict(type='PackSegInputs')])
train_dataloader = dict(
    batch_size=4, num_workers=2, persistent_workers=True, sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=synthetic)
"""


def _entry(name: str, value: object) -> str:
    """An entry of a config, in lines of at most 110 columns."""
    indent = len(f'{name} = ')
    return f'{name} = ' + pformat(value, width=110 - indent, compact=True, sort_dicts=False).replace(
        '\n', '\n' + ' ' * indent)
