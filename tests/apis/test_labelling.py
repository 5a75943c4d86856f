import numpy as np
import pytest
import torch
from PIL import Image

from helpers import tiny_segmentor
from helpers.facts import facts
from helpers.masks import photo, save
from semsynth.apis import import_data, label_photos
from semsynth.cli import main
from semsynth.segmentors import MMSegSegmentor

NAMES = ['sky', 'road', 'car', 'tree', '18 wheeler']


@pytest.fixture
def segmentor(tmp_path):
    """A segmentor's config and checkpoint."""
    (tmp_path / 'segmentor.py').write_text(f'model = {tiny_segmentor.config()!r}')
    weights = tiny_segmentor.save(tiny_segmentor.plain(), tmp_path / 'segmentor.pth', dataset_meta=dict(classes=NAMES))
    return dict(config=str(tmp_path / 'segmentor.py'), checkpoint=weights)


@pytest.fixture
def photos(tmp_path):
    save(tmp_path / 'photos/a.jpg', photo((16, 24)))
    save(tmp_path / 'photos/sub/b.png', photo((20, 20), seed=1))
    return tmp_path / 'photos'


def test_each_pixel_has_the_likeliest_class_and_can_be_imported(segmentor, photos, tmp_path):
    done = label_photos(photos, tmp_path / 'labelled', **segmentor)
    network = MMSegSegmentor(**segmentor)
    for name, path in (('a', photos / 'a.jpg'), ('sub/b', photos / 'sub/b.png')):
        picture = np.asarray(Image.open(path))
        with torch.no_grad():
            probabilities = network(torch.tensor(picture).permute(2, 0, 1)[None] / 127.5 - 1)
        label = np.asarray(Image.open(tmp_path / f'labelled/masks/{name}.png'))
        assert label.shape == picture.shape[:2] and (label == probabilities[0].argmax(0).numpy()).all()
    assert (done.made, done.present, done.pixels.sum()) == (2, 0, 16 * 24 + 400)
    imported = import_data(done.out, tmp_path / 'mine', photos=str(photos))
    assert imported.classes == NAMES and imported.contents.pixels.tolist() == [*done.pixels.tolist(), 0]


def test_one_photo_will_do(segmentor, photos, tmp_path):
    (photos / 'a.jpg').rename(photos / 'a.b.JPG')
    done = label_photos(photos / 'a.b.JPG', tmp_path / 'labelled', **segmentor)
    assert (done.made, done.present, done.photos) == (1, 0, photos / 'a.b.JPG')
    assert [path.name for path in (tmp_path / 'labelled/masks').rglob('*.png')] == ['a.b.png']
    imported = import_data(done.out, tmp_path / 'mine', photos=str(done.photos))  # what the command says next
    assert imported.contents.pixels[:-1].tolist() == done.pixels.tolist()
    with pytest.raises(ValueError, match=facts('no photos', 'segmentor.py', 'name a photo, or a folder')):
        label_photos(segmentor['config'], tmp_path / 'other', **segmentor)
    with pytest.raises(ValueError, match=facts('photos', 'read from')):
        label_photos(photos / 'a.b.JPG', photos, **segmentor)


def test_without_a_checkpoint_it_is_the_one_that_mmseg_publishes(photos, tmp_path, monkeypatch):
    monkeypatch.setattr('torch.hub.get_dir', lambda: str(tmp_path / 'cache'))
    monkeypatch.setattr('torch.hub.download_url_to_file', lambda address, target: unreachable(address))

    def unreachable(address):
        raise OSError('no network')

    config = 'mmseg::segformer/segformer_mit-b0_8xb1-160k_cityscapes-1024x1024.py'
    with pytest.raises(FileNotFoundError, match=facts('segformer_mit-b0', 'https://', 'SEMSYNTH_WEIGHTS')):
        label_photos(photos, tmp_path / 'labelled', config=config)
    assert not (tmp_path / 'labelled').exists()


def test_a_run_that_was_cut_off_goes_on(segmentor, photos, tmp_path):
    label_photos(photos, tmp_path / 'labelled', **segmentor)
    (tmp_path / 'labelled/masks/a.png').unlink()
    save(photos / 'c.png', photo())
    done = label_photos(photos, tmp_path / 'labelled', **segmentor)
    assert (done.made, done.present) == (2, 1)
    with pytest.raises(ValueError, match=facts('labelled', 'another segmentor', 'another folder')):
        label_photos(photos, tmp_path / 'labelled', **segmentor, longest=100)


def test_large_photos_are_shrunk(segmentor, photos, tmp_path):
    label_photos(photos, tmp_path / 'labelled', **segmentor, longest=12)
    label = np.asarray(Image.open(tmp_path / 'labelled/masks/a.png'))
    assert label.shape == (16, 24) and (label.reshape(8, 2, 12, 2) == label[::2, None, ::2, None]).all()


def test_what_is_refused(segmentor, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=facts('no photos in nothing', '.jpg')):
        label_photos('nothing', 'labelled', **segmentor)
    with pytest.raises(ValueError, match=facts('photos/mine', 'outside')):
        label_photos(photos, photos / 'mine', **segmentor)
    with pytest.raises(FileNotFoundError, match=facts('work_dirs/segmentor/final.pth', 'train_segmentor')):
        label_photos(photos, 'labelled', config=segmentor['config'])
    own = tmp_path / 'segmentor.py'
    own.write_text(f"work_dir = 'elsewhere'\n{own.read_text()}")
    with pytest.raises(FileNotFoundError, match=facts('elsewhere/final.pth', 'train_segmentor')):
        label_photos(photos, 'labelled', config=segmentor['config'])
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other/thesis.tex').touch()
    with pytest.raises(ValueError, match=facts('other', 'not empty', 'another folder')):
        label_photos(photos, 'other', **segmentor)
    (photos / 'sub/b.png').write_bytes(b'torn')
    with pytest.raises(ValueError, match=r'sub/b\.png'):
        label_photos(photos, 'labelled', **segmentor)
    assert (tmp_path / 'labelled/masks/a.png').exists()
    save(photos / 'a.png', photo())
    with pytest.raises(ValueError, match=facts('a.jpg', 'a.png', 'keep one')):
        label_photos(photos, 'labelled', **segmentor)


def test_the_command(segmentor, photos, tmp_path, monkeypatch, capsys):
    command = ['semsynth', 'label', str(photos), '--out', str(tmp_path / 'labelled'), '--device', 'cpu', '--segmentor']
    monkeypatch.setattr('sys.argv', [*command, *segmentor.values()])
    main()
    out = capsys.readouterr().out
    assert '18 wheeler' in out and '2 label maps made' in out
    assert out.strip().splitlines()[-1].split()[:2] == ['semsynth', 'import']
    monkeypatch.setattr('sys.argv', [*command, 'a', 'b', 'c'])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2 and '--segmentor' in capsys.readouterr().err
