"""From an export to a folder that trains."""

import json

import numpy as np
import pytest

from helpers.commands import run_python
from helpers.facts import facts
from helpers.masks import colour_masks, label, photo, save
from semsynth.apis import dry_run, import_data, train_segmentor
from semsynth.cli import main
from semsynth.config import load_config
from semsynth.data import check_dataset
from semsynth.data.importing import MaskSource, VOCSource
from semsynth.registry import DATASETS


def everything(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


@pytest.fixture
def masks(tmp_path):
    return colour_masks(tmp_path / 'source', [f'scene_{number}' for number in range(8)])


def test_what_is_imported_is_sound_and_trains(masks, tmp_path):
    before = everything(masks)
    imported = import_data(masks, tmp_path / 'my scenes', val=0.4)
    assert everything(masks) == before
    assert imported.format == 'masks' and imported.unknown == 3
    assert imported.classes == ['sky', 'road', 'car', 'unknown']
    counts = sum(np.bincount(label(seed=seed).ravel(), minlength=4) for seed in range(8))
    assert imported.contents.pixels.tolist() == counts.tolist()
    config = load_config(imported.config)
    for split in ('train', 'val'):
        report = check_dataset(DATASETS.build(config[f'{split}_dataloader'].dataset))
        assert not report.problems and report.scenes == imported.contents.splits[split] > 0
    note = json.loads((tmp_path / 'my scenes/import.json').read_text())
    assert [each['pixels'] for each in note['classes']] == counts.tolist() and note['format'] == 'masks'


@pytest.mark.slow
def test_a_first_step_of_training(masks, tmp_path):
    imported = import_data(masks, tmp_path / 'mine')
    for config in (imported.config, tmp_path / 'mine/ecgan_mine.py'):
        options = {} if config == imported.config else {'model.segmentor.checkpoint': None}
        assert 'step' in str(dry_run(str(config), work_dir=str(tmp_path / 'work'), cfg_options=options))


@pytest.mark.slow
@pytest.mark.parametrize('name', ['unet', 'judge'])
def test_a_first_step_of_the_segmentors(masks, tmp_path, name):
    import_data(masks, tmp_path / 'mine')
    _, scores = train_segmentor(tmp_path / f'mine/{name}_mine.py', work_dir=tmp_path / 'work',
                                cfg_options={'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1})
    assert scores.keys() == {'mIoU', 'aAcc'}


def test_the_page_of_samples_says_whose_they_are(masks, tmp_path, monkeypatch, capsys):
    imported = import_data(masks, tmp_path / 'mine', val=0.4)
    monkeypatch.setattr('sys.argv', ['semsynth', 'check_dataset', str(imported.config), '--split', 'val', '--browse',
                                     str(tmp_path / 'look')])
    with pytest.raises(SystemExit) as done:
        main()
    page = (tmp_path / 'look/val/index.html').read_text()
    assert not done.value.code and f"<h1>Scenes of {tmp_path / 'mine'}, val</h1>" in page
    capsys.readouterr()


def test_the_folder_can_be_moved_and_imported_again(masks, tmp_path):
    imported = import_data(masks, tmp_path / 'mine')
    save(masks / 'images/more.jpg', photo())
    save(masks / 'masks/more.png', np.zeros((12, 16, 3), np.uint8))
    again = import_data(masks, tmp_path / 'mine')
    assert again.contents.splits.total() == 9 and len(list((tmp_path / 'mine/labels').rglob('*.png'))) == 9
    imported.out.rename(tmp_path / 'moved')
    config = load_config(tmp_path / 'moved/pix2pixhd_mine.py')
    assert len(DATASETS.build(config.train_dataloader.dataset)) == again.contents.splits['train']


def test_a_class_for_every_pixel_needs_no_unknown_one(tmp_path):
    root = tmp_path / 'source'
    for name in 'ab':
        save(root / f'images/{name}.png', photo())
        save(root / f'masks/{name}.png', label(classes=2))
    imported = import_data(root, tmp_path / 'mine')
    assert imported.classes == ['class_0', 'class_1'] and imported.unknown is None
    assert load_config(imported.config).model.data_preprocessor.unknown is None


def test_remarks_of_scenes_are_added_up(masks, tmp_path):
    for number in (1, 5):
        save(masks / f'masks/scene_{number}.png', np.full((12, 16, 3), (9, 99, 199), np.uint8))
    imported = import_data(masks, tmp_path / 'mine')
    [remark] = [each for each in imported.remarks if '9 99 199' in each]
    assert all(part in remark for part in ('Pixels', ': 384,', '2 scenes', 'scene_1', 'scene_5'))


@pytest.mark.parametrize(('change', 'parts'), [
    (dict(source='nowhere'), ('nowhere', 'labelling tool')), (dict(format='wrong'), ('wrong', 'voc', 'masks')),
    (dict(format='voc'), ('SegmentationClass', '--format')), (dict(out='source/mine'), ('source/mine', 'outside')),
    (dict(background='sky'), ('masks', 'background', 'tolerance')), (dict(classes='none.txt'), ('no file none.txt',)),
    (dict(val=2.0), ('val', '2.0')), (dict(tolerance=-1), ('tolerance', '-1')), (dict(seed=-1), ('seed', '-1')),
    (dict(format='mask'), ('mask', 'did you mean masks')),
    (dict(source='empty'), ('empty', 'an empty folder', 'your labelling tool')),
    (dict(source='other'), ('other', '1 .tex', 'not recognised', 'voc', 'masks', '--format')),
    (dict(source='masks.tgz'), ('masks.tgz', 'unpack')),
    (dict(out='other'), ('other', 'thesis.tex', 'another folder'))])
def test_what_is_refused_before_anything_is_written(masks, tmp_path, monkeypatch, change, parts):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'masks.tgz').touch()
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other/thesis.tex').touch()
    before = everything(tmp_path)
    with pytest.raises(ValueError, match=facts(*parts)) as refusal:
        import_data(**dict(source='source', out='mine') | change)
    assert len(str(refusal.value)) < 300
    assert everything(tmp_path) == before and not (tmp_path / 'mine').exists()


def test_label_maps_whose_photos_are_elsewhere(masks, tmp_path):
    (masks / 'images').rename(tmp_path / 'elsewhere')
    with pytest.raises(ValueError, match=facts('0 photos and 8 label maps', '--photos')):
        import_data(masks, tmp_path / 'mine')
    assert import_data(masks, tmp_path / 'mine', photos=str(tmp_path / 'elsewhere')).contents.splits.total() == 8


def test_nothing_is_left_of_an_import_that_fails(masks, tmp_path):
    save(masks / 'masks/scene_3.png', np.zeros((4, 4, 3), np.uint8))
    (masks / 'images/scene_5.jpg').write_bytes(b'torn')
    with pytest.raises(ValueError) as refusal:
        import_data(masks, tmp_path / 'mine')
    first, second = str(refusal.value).splitlines()
    assert all(part in first for part in ('scene_3.jpg', '12x16', '4x4')) and 'scene_5.jpg' in second
    assert {path.name for path in tmp_path.iterdir()} == {'source'}


def test_a_format_of_one_s_own(masks, tmp_path):
    class Own(MaskSource):
        format = 'own'

        def __init__(self, path, options):
            super().__init__(path / 'inner', options)

    (tmp_path / 'outer').mkdir()
    masks.rename(tmp_path / 'outer/inner')
    assert import_data(tmp_path / 'outer', tmp_path / 'mine', format=Own).format == 'own'


def test_a_source_that_looks_like_two_formats(masks, tmp_path, monkeypatch):
    from semsynth.apis import importing

    class Other(VOCSource):
        format = 'other'
        recognises = MaskSource.recognises

    class Another(MaskSource):
        format = 'another'

    monkeypatch.setattr(importing, 'SOURCES', (MaskSource, Other, Another))
    with pytest.raises(ValueError, match=facts('other and another', '--format')):
        import_data(masks, tmp_path / 'mine')


@pytest.mark.slow
def test_the_command(masks, tmp_path):
    done = run_python('-m', 'semsynth', 'import', masks, '--out', tmp_path / 'mine', '--val', '0.4', COLUMNS='200')
    assert done.returncode == 0, done.stderr
    assert '8 scenes' in done.stdout and 'unknown' in done.stdout and 'Void means no class' in done.stdout
    commands = done.stdout.strip().splitlines()[-2:]
    assert [command.split()[:2] for command in commands] == [['semsynth', 'check_dataset'], ['semsynth', 'train']]
    checked = run_python('-m', *commands[0].split())
    assert checked.returncode == 0 and 'no problems' in checked.stdout, checked.stderr
    done = run_python('-m', 'semsynth', 'import', masks / 'classes.txt', '--out', tmp_path / 'b')
    assert done.returncode == 1 and done.stderr.startswith('error: ') and 'classes.txt' in done.stderr
