import numpy as np
from PIL import Image

from helpers.toy_run import run


def test_grids_of_the_same_scenes(tmp_path):
    assert run(tmp_path, **{'train_cfg.max_iters': 7}) == [0]
    pictures = sorted((tmp_path / 'pictures').iterdir())
    assert [path.name for path in pictures] == ['iter_000006.png', 'iter_000007.png']
    grids = [np.asarray(Image.open(path)) for path in pictures]
    # label, coarse, image and real; four scenes of 6x8, enlarged to a width of 256
    assert grids[0].shape[1] == 4 + 4 * (256 + 4)
    real = grids[0][:, -260:-4]
    assert np.array_equal(real, grids[1][:, -260:-4])
    assert not np.array_equal(grids[0], grids[1])
    assert list(tmp_path.glob('*/vis_data/vis_image/samples_*.png'))


def test_scenes_without_photos(tmp_path):
    changes = {'train_cfg.max_iters': 1, 'val_evaluator': None, 'val_dataloader.dataset.photos': False}
    assert run(tmp_path, **changes) == [0]
    assert np.asarray(Image.open(tmp_path / 'pictures/iter_000001.png')).shape[1] == 4 + 3 * (256 + 4)
