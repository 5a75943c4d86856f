import os

import pytest
import torch
from mmengine.runner import CheckpointLoader

import semsynth.engine  # noqa: F401


class Evil:
    def __reduce__(self):
        return os.system, ('touch broken_in',)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder that stands for the network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('SEMSYNTH_WEIGHTS', str(tmp_path))
    torch.save(dict(state_dict={'backbone.w': torch.ones(1), 'head.w': torch.zeros(1)}), 'good.pth')
    torch.save(dict(state_dict=Evil()), 'evil.pth')
    tables = dict(good='https://example.org/good.pth', evil='https://example.org/evil.pth')
    monkeypatch.setattr('semsynth.engine.fetched.TABLES', dict.fromkeys(
        ('torchvision', 'modelzoo', 'open-mmlab', 'openmmlab', 'mmcls'), lambda: tables))
    return tmp_path


@pytest.mark.parametrize('kind', ['http://example.org/{}.pth', 'https://example.org/{}.pth', 'torchvision://{}',
                                  'modelzoo://{}', 'open-mmlab://{}', 'openmmlab://{}', '{}.pth'])
def test_downloads_are_read_as_data(kind, folder):
    assert CheckpointLoader.load_checkpoint(kind.format('good'))['state_dict']['backbone.w'] == 1
    with pytest.raises(ValueError, match=r'evil\.pth is no checkpoint of tensors .* \(it names \w+\.system'):
        CheckpointLoader.load_checkpoint(kind.format('evil'))
    assert not (folder / 'broken_in').exists()


def test_backbones_of_classifiers():
    assert CheckpointLoader.load_checkpoint('mmcls://good') == dict(state_dict=dict(w=torch.ones(1)))


def test_names_that_nobody_knows():
    with pytest.raises(ValueError, match='torchvision://none is none of the networks that mmengine knows'):
        CheckpointLoader.load_checkpoint('torchvision://none')


@pytest.mark.parametrize('name', ['s3://a/b.pth', 'x:s3://a/b.pth', 'petrel://a', 'pavi://a'])
def test_other_places(name):
    with pytest.raises(ValueError, match='is not read: download it, and name the file'):
        CheckpointLoader.load_checkpoint(name)


def test_no_loader_of_mmengines_is_left():
    assert {loader.__module__ for loader in CheckpointLoader._schemes.values()} == {
        'semsynth.engine.checkpoint', 'semsynth.engine.fetched'}
