import signal
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from helpers.narrow import make_scenes
from semsynth.apis.training import train_segmentor
from semsynth.config import load_config
from semsynth.engine.stopping import SIGNALS, Stopped
from semsynth.registry import HOOKS, SEGMENTORS
from semsynth.weights import load_checkpoint

CONFIGS = Path(__file__).parents[2] / 'configs' / 'segmentors'
FIRST_CLASS = dict(toycity='road', camvid='Sky', nyu='wall', helen='background')
SHORT = {'train_cfg.max_iters': 2, 'train_dataloader.batch_size': 2, 'train_dataloader.num_workers': 0,
         'train_dataloader.persistent_workers': False, 'val_dataloader.num_workers': 0,
         'val_dataloader.persistent_workers': False, 'log_level': 'ERROR', 'precision': 'float32'}


@pytest.fixture(scope='module')
def roots(toycity, tmp_path_factory):
    return dict(toycity=str(toycity), **{name: str(make_scenes(name, tmp_path_factory.mktemp(name)))
                                         for name in ('camvid', 'nyu', 'helen')})


@pytest.mark.parametrize('name', [
    pytest.param(path.stem, marks=[] if 'toycity' in path.stem else pytest.mark.slow)
    for path in sorted(CONFIGS.glob('*.py'))])
def test_every_config_trains_a_segmentor_that_loads(name, roots, tmp_path):
    config = CONFIGS / f'{name}.py'
    data = roots[name.split('_')[1]]
    path, scores = train_segmentor(config, work_dir=tmp_path, cfg_options=dict(SHORT, data_root=data))
    assert path == tmp_path / 'final.pth' and set(scores) == {'mIoU', 'aAcc'} and 0 <= scores['aAcc'] <= 100
    stored = load_checkpoint(path)
    assert all(value.isfinite().all() for value in stored['state_dict'].values())
    segmentor = SEGMENTORS.build(dict(type='Segmentor', config=str(config), checkpoint=str(path)))
    assert segmentor.classes[0] == FIRST_CLASS[name.split('_')[1]]
    assert segmentor(torch.zeros(1, 3, 37, 50)).shape == (1, segmentor.num_classes, 37, 50)


def test_resuming_ends_with_the_same_weights(roots, tmp_path):
    options = dict(SHORT, data_root=roots['toycity'], **{'default_hooks.checkpoint.interval': 1})
    config = CONFIGS / 'judge_toycity.py'
    whole, _ = train_segmentor(config, work_dir=tmp_path, cfg_options=options)
    expected = load_checkpoint(whole)['state_dict']
    whole.unlink()
    (tmp_path / 'iter_2.pth').unlink()
    resumed, _ = train_segmentor(config, work_dir=tmp_path, resume=True, cfg_options=options)
    for name, value in load_checkpoint(resumed)['state_dict'].items():
        assert torch.equal(value, expected[name]), name


def test_a_synthesizer_is_no_segmentor(tmp_path):
    with pytest.raises(ValueError, match=r'ecgan_toycity\.py is of a synthesizer, which semsynth train trains'):
        train_segmentor('semsynth::ecgan/ecgan_toycity.py', work_dir=tmp_path / 'run')


def test_without_data_it_says_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match=r'There is no folder .*nowhere.*semsynth demo'):
        train_segmentor(CONFIGS / 'unet_toycity.py', work_dir=tmp_path,
                        cfg_options=dict(data_root=str(tmp_path / 'nowhere')))


@pytest.mark.parametrize('option', [
    {'model.backbone.strides': (1, 1)}, {'model.decode_head.in_index': 'x'}, {'model.backbone.no_such': 3}])
def test_what_mmseg_cannot_build_is_told_before_the_folder_is_touched(option, roots, tmp_path):
    with pytest.raises(ValueError, match='mmseg cannot build the segmentor EncoderDecoder: '):
        train_segmentor(CONFIGS / 'unet_toycity.py', work_dir=tmp_path / 'run',
                        cfg_options=dict(SHORT, data_root=roots['toycity'], **option))
    assert not (tmp_path / 'run').exists()


@pytest.mark.slow
def test_a_run_that_is_cut_off_at_its_very_end(roots, tmp_path):
    """Validated, and not yet written out; the scores come from another validation."""
    options = dict(SHORT, data_root=roots['toycity'])
    written, scores = train_segmentor(CONFIGS / 'judge_toycity.py', work_dir=tmp_path, cfg_options=options)
    expected = load_checkpoint(written)
    written.unlink()
    resumed, again = train_segmentor(CONFIGS / 'judge_toycity.py', work_dir=tmp_path, resume=True, cfg_options=options)
    assert again == pytest.approx(scores) and load_checkpoint(resumed)['meta']['scores'] == expected['meta']['scores']


def test_the_rules_of_work_folders_and_signals(roots, tmp_path, monkeypatch):
    """An earlier segmentor is set aside; SIGTERM saves; resuming compares."""
    work_dir = tmp_path / 'judge'
    config = load_config(CONFIGS / 'judge_toycity.py', dict(SHORT, data_root=roots['toycity']))
    work_dir.mkdir()
    (work_dir / 'final.pth').write_bytes(b'an earlier one')
    monkeypatch.setattr(SIGNALS, 'listen', lambda: setattr(SIGNALS, 'received', signal.SIGTERM))
    with pytest.raises(Stopped):  # between the beginning and the first step
        train_segmentor(config, work_dir=work_dir)
    monkeypatch.undo()
    [aside] = tmp_path.glob('judge_before_*')
    assert (aside / 'final.pth').read_bytes() == b'an earlier one' and not (work_dir / 'final.pth').exists()
    SIGNALS.received = 0
    config.default_hooks.end = dict(type='EndHook')
    with pytest.raises(Stopped) as stopped:
        train_segmentor(config, work_dir=work_dir)
    assert stopped.value.code == 128 + signal.SIGTERM and (work_dir / 'iter_1.pth').exists()
    config.default_hooks.pop('end')
    config.train_dataloader.batch_size = 1
    with pytest.raises(ValueError, match=r'the batch size is another .* load_from=.*iter_1\.pth\.$'):
        train_segmentor(config, work_dir=work_dir, resume=True)
    config.train_dataloader.batch_size = 2
    config.optim_wrapper.optimizer.lr = 1e-5
    path, _ = train_segmentor(config, work_dir=work_dir, resume=True)
    assert path == work_dir / 'final.pth'
    [group] = load_checkpoint(work_dir / 'iter_2.pth')['optimizer']['param_groups']
    assert group['initial_lr'] == 1e-5


@HOOKS.register_module(force=True)
class EndHook(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        SIGNALS.received = signal.SIGTERM
