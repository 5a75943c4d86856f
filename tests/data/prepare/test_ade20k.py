import io
import shutil
import zipfile

import numpy as np
import pytest

from helpers.downloads import encoded
from helpers.narrow import narrow
from semsynth.engine.launch import build_runner


@pytest.mark.slow
def test_ade20k_trains_on_pictures_of_different_heights(ade20k_download, prepare, tmp_path):
    prepare('ade20k', ade20k_download)
    config = narrow('configs/pix2pixhd/pix2pixhd_ade20k.py', tmp_path / 'out', **{
        'train_dataloader.batch_size': 1, 'train_cfg.max_iters': 3})
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.dataset.size = (None, 64)
    runner = build_runner(config, work_dir=tmp_path / 'run')
    assert {sample['sample']['size'] for sample in runner.train_dataloader.dataset} == {(43, 64), (48, 64), (53, 64)}
    runner.train()
    assert runner.iter == 3 and all(value.isfinite().all() for value in runner.model.state_dict().values())


def test_ade20k_says_what_is_wrong(ade20k_download, told, tmp_path):
    assert 'There is no nowhere.zip' in told('ade20k', 'nowhere.zip')[0]
    assert 'is a folder, and an unpacked archive needs no preparation: set ADE20K_ROOT' in told('ade20k', tmp_path)[0]
    content = ade20k_download.read_bytes()
    ade20k_download.write_bytes(content[:900])
    assert 'is no whole zip archive' in told('ade20k', ade20k_download)[0]
    with zipfile.ZipFile(ade20k_download, 'w') as archive:
        archive.writestr('ADE20K_2016_07_26/index.mat', b'')
    assert 'name ADEChallengeData2016.zip' in told('ade20k', ade20k_download)[0]

    *_, photo, label = zipfile.ZipFile(io.BytesIO(content)).infolist()
    for info, name in ((photo, 'ADE_val_00000001.jpg'), (label, 'ADE_val_00000001.png')):
        place = info.header_offset + 150
        ade20k_download.write_bytes(content[:place] + b'damaged' + content[place + 7:])
        [sentence] = told('ade20k', ade20k_download)
        assert f'/{name} is damaged in' in sentence
        assert not list((tmp_path / 'out').rglob(name))
        shutil.rmtree(tmp_path / 'out')


def test_ade20k_is_checked_once_it_is_unpacked(ade20k_download, told, tmp_path):
    with zipfile.ZipFile(ade20k_download, 'a') as archive:
        archive.writestr('ADEChallengeData2016/annotations/training/ADE_train_00000009.png',
                         encoded(np.full((4, 4), 200, np.uint8)))
        archive.writestr('ADEChallengeData2016/images/training/ADE_train_00000009.jpg',
                         encoded(np.zeros((5, 4, 3), np.uint8), '.jpg'))
    lines = told('ade20k', ade20k_download)
    assert len(lines) == 3 and 'has 4 scenes for training, but the official download has 3' in lines[0]
    assert 'is 5x4 pixels, but' in lines[1]
    assert 'ADE_train_00000009.png (1 of 4 label maps) holds the id 200, but the data set has 151 classes' in lines[2]
