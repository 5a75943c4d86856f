import re

import numpy as np
from PIL import Image

from helpers.facts import facts


def test_helen_takes_the_strongest_mask(helen_download, prepare, tmp_path):
    masks = [helen_download / f'labels/12_1/12_1_lbl{part:02d}.png' for part in range(11)]
    stacked = np.stack([np.asarray(Image.open(path)) for path in masks])
    assert prepare('helen', helen_download)[0] == 0
    label = np.asarray(Image.open(tmp_path / 'out/labels/test/12_1.png'))
    for y, x in np.ndindex(label.shape):
        column = stacked[:, y, x].tolist()
        assert label[y, x] == column.index(max(column))
    assert (tmp_path / 'out/images/test/12_1.jpg').read_bytes() == (helen_download / 'images/12_1.jpg').read_bytes()
    assert sorted(path.stem for path in (tmp_path / 'out/labels/train').iterdir()) == ['10_1', '11_2']


def test_helen_says_what_is_wrong(helen_download, told, tmp_path, write):
    [sentence] = told('helen', 'nowhere')
    assert re.search(facts('nowhere/exemplars.txt', 'SmithCVPR2013_dataset_resized.zip', 'labels'), sentence)
    (helen_download / 'images/10_1.jpg').unlink()
    (helen_download / 'labels/11_2/11_2_lbl05.png').write_bytes(b'torn')
    write(helen_download / 'labels/13_1/13_1_lbl10.png', np.zeros((9, 8), np.uint8))
    first, second, third = told('helen', helen_download)
    assert 'images/10_1.jpg does not exist' in first
    assert '11_2_lbl05.png cannot be read, it is truncated or no image' in second
    assert re.search(r'13_1\.jpg is 50x40 pixels, but \S+13_1_lbl10\.png is 9x8', third)
    assert sorted(path.stem for path in (tmp_path / 'out').rglob('*.png')) == ['12_1', '14_1']


def test_names_in_lists_are_names(helen_download, told, tmp_path):
    for name in ('../../evil', '/evil', 'a b', '..'):
        (helen_download / 'tuning.txt').write_text(f'0 , {name}\n')
        assert 'tuning.txt names faces that are none, such as' in told('helen', helen_download)[0]
    assert not (tmp_path / 'out').exists()
