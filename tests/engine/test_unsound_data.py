"""Data that turn out unsound in the middle of training: what was trained is saved, and goes on once they are mended."""

from pathlib import Path

import pytest

from helpers.toy_run import Scenes, assert_equal, toy_config
from semsynth.apis import train
from semsynth.data.draws import SeededDraws
from semsynth.engine.checkpoint import latest_good_checkpoint
from semsynth.errors import DataError
from semsynth.registry import DATASETS


class BrokenScenes(Scenes):
    """The scene whose number a file holds, while it is there, is unsound."""

    def __init__(self, broken):
        super().__init__()
        self.broken = Path(broken)

    def __getitem__(self, index):
        if self.broken.is_file() and int(self.broken.read_text()) == index:
            raise DataError('labels/train/7.png holds the id 77, but the data set has 3 classes.')
        return super().__getitem__(index)


@DATASETS.register_module(force=True)
class DrawnBrokenScenes(SeededDraws, BrokenScenes):
    pass


def config(broken, **changes):
    return toy_config(**{'train_dataloader.dataset': dict(type='DrawnBrokenScenes', broken=str(broken), _delete_=True),
                         'train_dataloader.drop_last': False, 'train_cfg.max_iters': 6, 'val_dataloader': None,
                         'val_evaluator': None, 'val_cfg': None, 'default_hooks.pictures': None, **changes})


def draws(whole):
    """The iteration that draws each scene, in the first pass."""
    sampler = whole.train_dataloader.sampler
    sampler.enter(whole.seed, drawn=0)
    order = [int(draw) for draw, _ in zip(sampler, range(10), strict=False)]
    return {scene: place // 2 for place, scene in enumerate(order)}


@pytest.mark.slow
@pytest.mark.parametrize('workers', [0, 1])
def test_what_is_trained_is_saved_and_resuming_goes_on_exactly(tmp_path, workers):
    broken, changes = tmp_path / 'broken', {'train_dataloader.num_workers': workers}
    whole = train(config(broken), work_dir=tmp_path / 'whole')
    scene, iteration = next(item for item in draws(whole).items() if item[1] == 3)
    broken.write_text(str(scene))
    with pytest.raises(DataError, match=r'holds the id 77') as refusal:
        train(config(broken, **changes), work_dir=tmp_path / 'run')
    saved = latest_good_checkpoint(tmp_path / 'run')
    assert saved.name == f'iter_{iteration}.pth'
    [note] = refusal.value.__notes__
    assert '3 iterations' in note and str(saved) in note and '--resume' in note
    broken.unlink()
    train(config(broken, **changes), work_dir=tmp_path / 'run', resume=True)
    assert_equal(tmp_path / 'whole/iter_6.pth', tmp_path / 'run/iter_6.pth')


def test_before_the_first_step_nothing_is_saved(tmp_path):
    broken = tmp_path / 'broken'
    whole = train(config(broken, **{'train_cfg.max_iters': 1}), work_dir=tmp_path / 'whole')
    broken.write_text(str(next(scene for scene, iteration in draws(whole).items() if iteration == 0)))
    with pytest.raises(DataError) as refusal:
        train(config(broken), work_dir=tmp_path / 'run')
    assert latest_good_checkpoint(tmp_path / 'run') is None and not hasattr(refusal.value, '__notes__')
    assert not [path.name for path in (tmp_path / 'run').iterdir() if path.is_dir()]  # as of a log
    with pytest.raises((ValueError, TypeError, KeyError)):
        train(config(tmp_path / 'none', **{'model.losses.pixel.type': 'NoSuchLoss'}), work_dir=tmp_path / 'other')
    assert not [path.name for path in (tmp_path / 'other').glob('*') if path.is_dir()]


def test_after_the_first_step_the_log_stays(tmp_path):
    broken = tmp_path / 'broken'
    whole = train(config(broken, **{'train_cfg.max_iters': 1}), work_dir=tmp_path / 'whole')
    assert [path for path in (tmp_path / 'whole').iterdir() if path.is_dir()]
    broken.write_text(str(next(scene for scene, iteration in draws(whole).items() if iteration == 1)))
    with pytest.raises(DataError):
        train(config(broken), work_dir=tmp_path / 'run')
    assert list((tmp_path / 'run').glob('*/*.log'))


def test_in_validation(tmp_path):
    def validated(broken):
        return config(broken, **{
            'val_dataloader': dict(
                dataset=dict(type='DrawnBrokenScenes', broken=str(broken)), batch_size=2, num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False)),
            'val_evaluator': dict(type='ToyEvaluator'), 'val_cfg': dict(type='ValLoop'), 'train_cfg.val_interval': 3,
            'train_dataloader.dataset.broken': 'none'})

    train(validated(tmp_path / 'broken'), work_dir=tmp_path / 'whole')
    (tmp_path / 'broken').write_text('7')
    with pytest.raises(DataError, match='holds the id 77') as refusal:
        train(validated(tmp_path / 'broken'), work_dir=tmp_path / 'run')
    assert 'The 3 iterations so far are saved as ' in refusal.value.__notes__[0]
    (tmp_path / 'broken').unlink()
    train(validated(tmp_path / 'broken'), work_dir=tmp_path / 'run', resume=True)
    assert_equal(tmp_path / 'whole/iter_6.pth', tmp_path / 'run/iter_6.pth')
