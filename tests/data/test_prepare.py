"""Small downloads of the official shape become trees that check out and train."""

import io
import re
import runpy
import shutil
import stat
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io
from PIL import Image

from helpers.narrow import ROOT, narrow
from semsynth.data import ADE20KDataset, HelenDataset, NYUDataset, check_dataset
from semsynth.data.prepare import ade20k, helen, nyu
from semsynth.engine.launch import build_runner

COUNTS = dict(ade20k=dict(training=3, validation=2), helen=dict(train=2, test=3), nyu=dict(train=2, test=1))
DATASETS = dict(ade20k=ADE20KDataset, helen=HelenDataset, nyu=NYUDataset)


def encoded(picture, suffix='.png'):
    return cv2.imencode(suffix, picture)[1].tobytes()


@pytest.fixture
def dice():
    return np.random.default_rng(0)


@pytest.fixture
def ade20k_download(tmp_path, dice):
    path = tmp_path / 'ADEChallengeData2016.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('ADEChallengeData2016/objectInfo150.txt', 'Idx Ratio Train Val Name')
        for split, prefix, count in (('training', 'train', 3), ('validation', 'val', 2)):
            for number in range(count):
                shape, name = (40 + 5 * number, 60), f'ADE_{prefix}_{number:08d}'
                archive.writestr(f'ADEChallengeData2016/images/{split}/{name}.jpg',
                                 encoded(dice.integers(0, 256, (*shape, 3), np.uint8), '.jpg'))
                archive.writestr(f'ADEChallengeData2016/annotations/{split}/{name}.png',
                                 encoded(dice.integers(0, 151, shape, np.uint8)))
    return path


@pytest.fixture
def helen_download(tmp_path, dice, write):
    folder = tmp_path / 'SmithCVPR2013_dataset_resized'
    for file, names in dict(exemplars=['10_1', '11_2'], tuning=['12_1'], testing=['13_1', '14_1']).items():
        write(folder / f'{file}.txt', ''.join(f'{place} , {name}\n' for place, name in enumerate(names)).encode())
        for number, name in enumerate(names):
            size = 50 + number, 40
            write(folder / f'images/{name}.jpg', dice.integers(0, 256, (*size, 3), np.uint8))
            for part in range(11):
                write(folder / f'labels/{name}/{name}_lbl{part:02d}.png', dice.integers(0, 256, size, np.uint8))
    return folder


@pytest.fixture
def nyu_download(tmp_path, dice):
    h5py = pytest.importorskip('h5py')
    folder = tmp_path / 'nyu_download'
    folder.mkdir()
    with h5py.File(folder / nyu.LABELLED, 'w') as arrays:  # with MATLAB's axes, reversed
        coarse = dice.integers(0, 895, (3, 40, 30)).astype(np.uint16)
        arrays['labels'] = np.kron(coarse, np.ones((1, 16, 16), np.uint16))
        arrays['instances'] = np.kron(dice.integers(1, 4, (3, 40, 30)).astype(np.uint8), np.ones((1, 16, 16), np.uint8))
        arrays.create_dataset('images', (3, 3, 640, 480), np.uint8, chunks=(1, 3, 640, 480), fletcher32=True)
        arrays['images'][:] = 255
        arrays['images'][:, :, 40:601, 44:471] = dice.integers(0, 200, (3, 3, 561, 427), np.uint8)
    scipy.io.savemat(folder / nyu.SPLITS, dict(trainNdxs=np.array([[1], [3]]), testNdxs=np.array([[2]])))
    scipy.io.savemat(folder / nyu.MAPPING, dict(mapClass=dice.integers(1, 41, (1, 894))))
    return folder


@pytest.fixture
def download(request):
    return lambda name: request.getfixturevalue(f'{name}_download')


@pytest.fixture
def prepare(monkeypatch, capsys, tmp_path):
    """Run a tool, for which so many scenes are official; its status, output and errors."""
    for module, name in ((ade20k, 'ade20k'), (helen, 'helen'), (nyu, 'nyu')):
        monkeypatch.setattr(module, 'OFFICIAL', COUNTS[name])

    def run(name, source, out=tmp_path / 'out'):
        monkeypatch.setattr(sys, 'argv', ['prepare', str(source), '--out', str(out)])
        capsys.readouterr()
        code = 0
        try:
            runpy.run_path(str(ROOT / f'tools/prepare/{name}.py'), run_name='__main__')
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def told(prepare):
    """Run a tool that refuses: what it says, a line a problem."""
    def run(*arguments):
        code, _, err = prepare(*arguments)
        assert code == 1 and err.startswith('error: ')
        return err.removeprefix('error: ').splitlines()

    return run


@pytest.mark.slow
@pytest.mark.parametrize('name', COUNTS)
def test_a_download_becomes_a_tree_that_trains(name, download, prepare, tmp_path):
    code, out, err = prepare(name, download(name))
    assert (code, err) == (0, '')
    for split, count in COUNTS[name].items():
        assert f'{count} {split}' in out
        report = check_dataset(DATASETS[name](str(tmp_path / 'out'), split))
        assert (report.problems, report.scenes, report.photos) == ([], count, count)
    runner = build_runner(narrow(f'configs/pix2pixhd/pix2pixhd_{name}.py', tmp_path / 'out'), work_dir=tmp_path / 'run')
    runner.train()
    assert runner.iter == 1 and (tmp_path / 'run/pictures/iter_000001.png').exists()


@pytest.mark.parametrize('name', COUNTS)
def test_what_is_there_is_skipped_and_what_is_missing_is_made(name, download, prepare, tmp_path):
    prepare(name, download(name))
    files = sorted(path for path in (tmp_path / 'out').rglob('*') if path.is_file())
    before = {path: path.stat().st_mtime_ns for path in files}
    content = files[-1].read_bytes()
    files[-1].unlink()
    assert prepare(name, download(name))[0] == 0
    assert files[-1].read_bytes() == content
    parts = [path for path in files if path.stem != files[-1].stem]
    assert {path: path.stat().st_mtime_ns for path in parts} == {path: before[path] for path in parts}
    assert sorted(path for path in (tmp_path / 'out').rglob('*') if path.is_file()) == files  # nothing half written


@pytest.mark.slow
def test_ade20k_trains_on_pictures_of_different_heights(ade20k_download, prepare, tmp_path):
    prepare('ade20k', ade20k_download)
    config = narrow('configs/pix2pixhd/pix2pixhd_ade20k.py', tmp_path / 'out', **{
        'train_dataloader.batch_size': 1, 'train_cfg.max_iters': 3})
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.dataset.pipeline[2].scale = (64, None)
    runner = build_runner(config, work_dir=tmp_path / 'run')
    assert {sample['sample']['size'] for sample in runner.train_dataloader.dataset} == {(43, 64), (48, 64), (53, 64)}
    runner.train()
    assert runner.iter == 3 and all(value.isfinite().all() for value in runner.model.state_dict().values())


@pytest.mark.parametrize('name', COUNTS)
def test_help_fits_a_screen(name, monkeypatch, capsys):
    monkeypatch.setenv('COLUMNS', '100')
    monkeypatch.setattr(sys, 'argv', ['prepare', '--help'])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / f'tools/prepare/{name}.py'), run_name='__main__')
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 30 and max(map(len, lines)) <= 100


@pytest.mark.parametrize('name', COUNTS)
def test_downloads_that_are_not_whole(name, download, prepare, monkeypatch, tmp_path):
    source = download(name)
    module = dict(ade20k=ade20k, helen=helen, nyu=nyu)[name]
    split = next(iter(COUNTS[name]))
    monkeypatch.setattr(module, 'OFFICIAL', COUNTS[name] | {split: 9})
    code, _, err = prepare(name, source)
    assert code == 1
    assert re.fullmatch(rf'error: \S+ has {COUNTS[name][split]} scenes for {split}, but the official download has 9: '
                        r'it is not whole; download or unpack it again, then run this again\.\n', err)
    assert len(check_dataset(DATASETS[name](str(tmp_path / 'out'), split)).problems) == 0  # what is there is made


def test_nyu_is_cut_turned_and_mapped(nyu_download, prepare, tmp_path):
    import h5py
    assert prepare('nyu', nyu_download)[0] == 0
    assert sorted(path.stem for path in (tmp_path / 'out/labels').rglob('*.png')) == ['0001', '0002', '0003']
    classes = [0, *scipy.io.loadmat(nyu_download / nyu.MAPPING)['mapClass'].ravel().tolist()]
    photo, label, instance = (np.asarray(Image.open(tmp_path / f'out/{kind}/train/0003.png'))
                              for kind in ('images', 'labels', 'instances'))
    assert photo.shape == (427, 561, 3) and label.shape == instance.shape == (427, 561)
    assert photo.max() < 200  # no white frame
    objects = {}
    with h5py.File(nyu_download / nyu.LABELLED) as arrays:
        images, labels, instances = (arrays[name][2] for name in ('images', 'labels', 'instances'))
    for y, x in ((0, 0), (0, 560), (426, 0), (426, 560), (200, 31), (31, 200)):
        assert photo[y, x].tolist() == images[:, x + 40, y + 44].tolist()
        assert label[y, x] == classes[labels[x + 40, y + 44]]
    for y in range(0, 427, 16):
        for x in range(0, 561, 16):
            pair = int(labels[x + 40, y + 44]), int(instances[x + 40, y + 44])
            assert objects.setdefault(pair, instance[y, x]) == instance[y, x]
    assert len(set(objects.values())) == len(objects)


def test_nyu_numbers_of_matlabs_own_type(nyu_download, prepare):
    scipy.io.savemat(nyu_download / nyu.SPLITS, dict(trainNdxs=np.array([[1.], [3.]]), testNdxs=np.array([[2.]])))
    assert prepare('nyu', nyu_download)[0] == 0


def test_nyu_says_what_is_wrong(nyu_download, told, monkeypatch, tmp_path):
    h5py = pytest.importorskip('h5py')
    assert told('nyu', 'nowhere') == ['There is no nowhere/splits.mat: the folder should hold '
                                      'nyu_depth_v2_labeled.mat, splits.mat and classMapping40.mat.']
    splits, mapping, labelled = (nyu_download / name for name in (nyu.SPLITS, nyu.MAPPING, nyu.LABELLED))
    whole = splits.read_bytes()
    splits.write_bytes(b'x' * 200)
    assert 'splits.mat is no MATLAB file' in told('nyu', nyu_download)[0]
    scipy.io.savemat(splits, dict(trainNdxs=[[1], [2]]))
    assert 'splits.mat holds no testNdxs' in told('nyu', nyu_download)[0]
    scipy.io.savemat(splits, dict(trainNdxs=[[1], [2]], testNdxs=[[2], [9]]))
    first, second = told('nyu', nyu_download)
    assert 'has 1 pictures both to train and to test on (2)' in first
    assert 'names the pictures 9, but nyu_depth_v2_labeled.mat holds 1..3' in second
    splits.write_bytes(whole)

    scipy.io.savemat(mapping, dict(mapClass=np.array([[1, 41]])))
    assert 'maps to the classes 1..41, but they should be 1..40' in told('nyu', nyu_download)[0]
    scipy.io.savemat(mapping, dict(mapClass=np.array([[1, 40]])))
    lines = told('nyu', nyu_download)
    assert len(lines) == 3 and 'maps the labels 1..2: one of the two files is another one' in lines[0]
    assert not (tmp_path / 'out').exists()

    with h5py.File(labelled, 'a') as arrays:
        place = arrays['images'].id.get_chunk_info(1).byte_offset
    with labelled.open('r+b') as file:
        file.seek(place)
        file.write(b'damaged')
    assert any('Picture 2 of nyu_depth_v2_labeled.mat cannot be read' in line for line in told('nyu', nyu_download))
    with h5py.File(labelled, 'a') as arrays:
        del arrays['instances']
    [sentence] = told('nyu', nyu_download)
    assert 'should hold the array instances of N x 640 x 480, but it holds images, labels' in sentence
    with h5py.File(labelled, 'a') as arrays:
        arrays['instances'] = np.ones((2, 640, 480), np.uint8)
    [sentence] = told('nyu', nyu_download)
    assert 'holds 3 images, 3 labels, 2 instances, of which there should be as many' in sentence
    labelled.write_bytes(b'torn')
    assert 'nyu_depth_v2_labeled.mat cannot be read' in told('nyu', nyu_download)[0]
    monkeypatch.setitem(sys.modules, 'h5py', None)
    assert "h5py reads it: pip install -e '.[prepare]'" in told('nyu', nyu_download)[0]


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
    assert told('helen', 'nowhere') == [
        'There is no nowhere/exemplars.txt: name the unpacked folder of SmithCVPR2013_dataset_resized.zip, which holds '
        'exemplars.txt, tuning.txt, testing.txt, images and labels.']
    (helen_download / 'images/10_1.jpg').unlink()
    (helen_download / 'labels/11_2/11_2_lbl05.png').write_bytes(b'torn')
    write(helen_download / 'labels/13_1/13_1_lbl10.png', np.zeros((9, 8), np.uint8))
    first, second, third = told('helen', helen_download)
    assert 'images/10_1.jpg does not exist' in first
    assert '11_2_lbl05.png cannot be read, it is truncated or no image' in second
    assert re.search(r'13_1\.jpg is 40x50 pixels, but \S+13_1_lbl10\.png is 8x9', third)
    assert sorted(path.stem for path in (tmp_path / 'out').rglob('*.png')) == ['12_1', '14_1']


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


def test_archives_are_measured_before_they_are_unpacked(ade20k_download, told, tmp_path, monkeypatch):
    content = ade20k_download.read_bytes()
    for limit, value in (('MOST_MEMBERS', 3), ('LARGEST_MEMBER', 100)):
        with monkeypatch.context() as patch:
            patch.setattr(f'semsynth.data.prepare.archives.{limit}', value)
            assert 'which is no data set: download it again' in told('ade20k', ade20k_download)[0]
    with zipfile.ZipFile(ade20k_download, 'a', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('bomb', bytes(60 * 2**20))
    assert ade20k_download.stat().st_size < 2**20
    assert 'and 0.1 GiB, the largest of 0.1, which is no data set' in told('ade20k', ade20k_download)[0]
    ade20k_download.write_bytes(content)
    with zipfile.ZipFile(ade20k_download, 'a') as archive:
        link = zipfile.ZipInfo('ADEChallengeData2016/images/training/ADE_train_00000008.jpg')
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, '/etc/passwd')
    assert 'ADE_train_00000008.jpg, and a data set has none: download it again' in told('ade20k', ade20k_download)[0]
    assert not (tmp_path / 'out').exists()


def test_members_go_to_names_of_ours(ade20k_download, prepare, tmp_path):
    with zipfile.ZipFile(ade20k_download, 'a') as archive:
        for name in ('../evil.jpg', '/evil.jpg', 'images/training/../../../evil.jpg', 'a/images/training/../evil.jpg'):
            archive.writestr(name, b'evil')
    prepare('ade20k', ade20k_download)
    assert not list(tmp_path.rglob('*evil*')) and not Path('/evil.jpg').exists()


def test_names_in_lists_are_names(helen_download, told, tmp_path):
    for name in ('../../evil', '/evil', 'a b', '..'):
        (helen_download / 'tuning.txt').write_text(f'0 , {name}\n')
        assert 'tuning.txt names faces that are none, such as' in told('helen', helen_download)[0]
    assert not (tmp_path / 'out').exists()


def test_lists_are_short(nyu_download, told, monkeypatch):
    monkeypatch.setattr('semsynth.data.prepare.nyu._LARGEST_LIST', 10)
    assert 'more than 10: it is another file' in told('nyu', nyu_download)[0]


def test_a_download_behind_a_password_is_damaged(tmp_path, ade20k_download, told):
    content = bytearray(ade20k_download.read_bytes())
    for signature, place in ((b'PK\x03\x04', 6), (b'PK\x01\x02', 8)):
        for found in re.finditer(signature, content):
            content[found.start() + place] |= 1
    ade20k_download.write_bytes(content)
    assert 'is damaged in' in told('ade20k', ade20k_download)[0]


def test_out_is_a_folder(ade20k_download, told, tmp_path):
    (tmp_path / 'out').write_text('')
    assert 'out is a file, but results go into a folder' in told('ade20k', ade20k_download)[0]


def test_ade20k_is_checked_once_it_is_unpacked(ade20k_download, told, tmp_path):
    with zipfile.ZipFile(ade20k_download, 'a') as archive:
        archive.writestr('ADEChallengeData2016/annotations/training/ADE_train_00000009.png',
                         encoded(np.full((4, 4), 200, np.uint8)))
        archive.writestr('ADEChallengeData2016/images/training/ADE_train_00000009.jpg',
                         encoded(np.zeros((5, 4, 3), np.uint8), '.jpg'))
    lines = told('ade20k', ade20k_download)
    assert len(lines) == 3 and 'has 4 scenes for training, but the official download has 3' in lines[0]
    assert 'is 4x5 pixels, but' in lines[1]
    assert 'ADE_train_00000009.png (1 of 4 label maps) holds the id 200, but the data set has 151 classes' in lines[2]


def test_many_problems_are_cut_short(prepare, helen_download):
    write = ''.join(f'{number}, missing_{number}\n' for number in range(30))
    (helen_download / 'exemplars.txt').write_text(write)
    _, _, err = prepare('helen', helen_download)
    assert err.count('\n') == 21 and err.endswith('And 11 problems more.\n')
