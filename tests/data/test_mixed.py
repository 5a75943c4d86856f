import pytest
import torch
from mmengine.registry import DefaultScope
from torch.utils.data import Dataset

from helpers.facts import facts
from semsynth.data import Draw, MixedScenes
from semsynth.data.draws import SeededDraws
from semsynth.registry import DATASETS


@DATASETS.register_module(force=True)
class Numbers(SeededDraws, Dataset):
    """Numbers from a start on, each with a random one."""

    def __init__(self, start, size, classes=('a', 'b')):
        self.start, self.size, self.metainfo = start, size, dict(classes=classes)

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return self.start + index, torch.rand(()).item()


def numbers(*arguments, **others):
    return dict(type='Numbers', start=arguments[0], size=arguments[1], **others)


def test_each_data_set_has_the_same_share_and_the_largest_is_shown_once():
    mixed = MixedScenes([numbers(0, 2), numbers(100, 5)])
    shown = [mixed[index][0] for index in range(len(mixed))]
    assert shown == [0, 100, 1, 101, 0, 102, 1, 103, 0, 104] and mixed.metainfo['classes'] == ('a', 'b')


def test_a_sample_depends_on_the_seed_of_its_draw_alone():
    mixed = MixedScenes([numbers(0, 2), numbers(100, 3), numbers(7, 1)])
    first = [mixed[Draw(index, 5 * index)] for index in range(len(mixed))]
    assert len(mixed) == 9 and [mixed[Draw(index, 5 * index)] for index in reversed(range(9))] == first[::-1]
    assert mixed[Draw(4, 1)] != mixed[Draw(4, 2)]


@pytest.mark.parametrize(('datasets', 'told'), [
    ([], ['empty']), ([numbers(0, 2), numbers(0, 0)], ['data set 2 of 2', 'no scenes']),
    ([numbers(0, 2), numbers(0, 2, classes=('a', 'c'))], ['data set 2', 'a, c', 'a, b', 'class'])])
def test_what_cannot_be_mixed(datasets, told):
    with pytest.raises(ValueError, match=facts('MixedScenes', *told)):
        MixedScenes(datasets)


def test_scenes_of_a_config_are_built_in_our_scope(toycity):
    scenes = dict(type='ToyCityDataset', data_root=str(toycity), split='train', size=(32, 64), class_map='identity')
    with DefaultScope.overwrite_default_scope('mmseg'):
        mixed = MixedScenes([scenes, {**scenes, 'indices': 1}])
    assert len(mixed) == 8 and len(mixed.metainfo['classes']) == 12
    assert mixed[1]['data_samples'].img_path == mixed[7]['data_samples'].img_path
