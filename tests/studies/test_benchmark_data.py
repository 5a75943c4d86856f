import pytest
from mmengine.config import Config

from helpers.narrow import ROOT
from helpers.tables import columns
from semsynth.studies.benchmark import benchmark


@pytest.fixture
def config(toycity, tmp_path):
    """ToyCity's scenes of 48x80 at 24x40, with edges; its path."""
    pipeline = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=(40, 24)),
                dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
    config = Config.fromfile(ROOT / 'configs/_base_/datasets/toycity.py')
    config.merge_from_dict({'train_dataloader.dataset.pipeline': pipeline, 'train_dataloader.dataset.edges': {}})
    config.dump(tmp_path / 'config.py')
    return tmp_path / 'config.py'


def test_every_transform_from_the_data_and_from_a_copy(config, toycity, tmp_path):
    found = columns(benchmark('data', 'cpu', 1, config=config, copy=tmp_path / 'copy', scenes=2,
                              cfg_options=dict(data_root=str(toycity))))
    assert found['scenes'] == ['2'] * 16 and found['from'] == ['original'] * 8 + ['copy'] * 8
    assert found['transform'] == 2 * ['all', 'LoadPhoto', 'LoadLabel', 'LoadInstances', 'ResizeScene', 'RandomFlip',
                                      'CannyEdges', 'PackScene']
    assert found['difference'] == [''] * 8 + ['0e+00'] + [''] * 7  # the samples are the same
    assert len(list((tmp_path / 'copy').glob('gtFine/train/*/*labelIds.png'))) == 2


def test_on_a_machine_with_a_gpu(config, toycity, tmp_path, monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 1)
    options = dict(config=config, copy=tmp_path / 'copy', scenes=1, cfg_options=dict(data_root=str(toycity)))
    assert len(columns(benchmark('data', repeats=1, **options))['ms']) == 16  # on the CPU
    with pytest.raises(ValueError, match='device=cuda, but data are loaded on the CPU: take cpu'):
        benchmark('data', 'cuda', **options)
