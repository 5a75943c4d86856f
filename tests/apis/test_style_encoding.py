import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image, ImageFont

from helpers.data_sets import scenes_of
from helpers.facts import facts
from helpers.narrow import make_scenes, narrow
from semsynth.apis import train
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.style_encoding import encode_styles
from semsynth.apis.synthesis import synthesize
from semsynth.errors import DataError
from semsynth.styles import StyleBank
from semsynth.styles.clustering import examples
from semsynth.styles.sheet import SHOWN, cut_patch

CONFIG = 'configs/pix2pixhd/pix2pixhd_styles_toycity.py'


@pytest.fixture(scope='module')
def run(toycity, tmp_path_factory):
    """A model trained for a step, and the styles of its training set."""
    folder = tmp_path_factory.mktemp('styled')
    config = narrow(CONFIG, toycity)
    train(config, work_dir=folder)
    bank, styles = encode_styles(Inferencer(config, folder / 'iter_1.pth', 'cpu'), clusters=3)
    return SimpleNamespace(config=config, checkpoint=folder / 'iter_1.pth', bank=bank, styles=styles)


@pytest.fixture
def inferencer(run):
    return Inferencer(run.config, run.checkpoint, device='cpu', styles=run.styles)


@pytest.fixture
def maps(toycity, tmp_path):
    """Label and instance maps of the validation scenes, and no photo."""
    shutil.copytree(toycity / 'gtFine/val/toycity', tmp_path / 'maps')
    return tmp_path / 'maps'


def scenes(dataset):
    return [dataset[index] for index in range(len(dataset))]


def test_every_instance_is_kept(run, inferencer):
    """Each object of each photo, with its own style, class and area, however small it is."""
    found = run.bank.instances
    with_photos = scenes_of(run.config, split='train')
    places = 0
    for number, sample in enumerate(scenes(with_photos)):
        inputs = {name: array.numpy() for name, array in sample['inputs'].items()}
        styles = inferencer.encode(inputs['image'].transpose(1, 2, 0), inputs['label'], inputs['instance'])
        for identity, style in styles.items():
            [row] = ((found.scenes == number) & (found.ids == identity)).nonzero().flatten().tolist()
            mask = inputs['instance'] == identity
            torch.testing.assert_close(found.features[row], style, atol=1e-5, rtol=0)
            assert found.areas[row] == mask.sum()
            assert found.owners[row] == np.bincount(inputs['label'][mask]).argmax()
            places += 1
        assert found.names[number] == sample['sample']['name']
    assert places == len(found) == len(run.bank.members)


def test_the_file_has_clusters_and_pictures_of_every_class_that_occurs(run):
    loaded = StyleBank.load(run.styles)
    assert torch.equal(loaded.centres, run.bank.centres) and run.styles == run.checkpoint.parent / 'styles.npz'
    for owner in range(12):
        count = int((loaded.instances.owners == owner).sum())
        assert len(loaded.thumbnails_of(owner)) == int((loaded.owners == owner).sum()) == min(3, count)
    sheet = np.asarray(Image.open(run.styles.with_suffix('.png')))
    assert sheet.shape[0] > 80 * len(loaded.owners.unique()) and sheet.shape[1] > 3 * 130


def test_a_thumbnail_is_what_the_model_makes_of_the_style(run):
    bank, inferencer = run.bank, Inferencer(run.config, run.checkpoint, 'cpu')
    with_photos = scenes_of(run.config, split='train')
    for number, [row, *_] in enumerate(examples(bank, SHOWN)):
        inputs = with_photos[int(bank.instances.scenes[row])]['inputs']
        label, instance = inputs['label'].numpy(), inputs['instance'].numpy()
        identity = int(bank.instances.ids[row])
        made = inferencer.synthesize(label, instance, {identity: bank.centres[number]})['outputs']['image']
        patch = cut_patch(made.permute(1, 2, 0).numpy(), instance == identity)
        assert np.array_equal(bank.thumbnails[number], patch)


def test_of_a_model_that_was_trained_on_some_scenes_these_are_encoded(run, tmp_path):
    some = Config(run.config.to_dict())
    some.train_dataloader.dataset.indices = [0, 2]
    bank, _ = encode_styles(Inferencer(some, run.checkpoint, 'cpu'), out=tmp_path / 'some.npz')
    assert list(bank.instances.names) == [run.bank.instances.names[number] for number in (0, 2)]


def test_other_numbers_of_clusters_need_no_encoding(run, tmp_path, monkeypatch):
    monkeypatch.setattr('semsynth.apis.style_encoding.find_instances', None)
    inferencer = Inferencer(run.config, run.checkpoint, 'cpu')
    bank, path = encode_styles(inferencer, clusters=1, encoded=run.styles, out=tmp_path / 'one.npz')
    assert len(bank.centres) == len(run.bank.owners.unique()) and path.is_file()
    assert torch.equal(bank.instances.features, run.bank.instances.features)


@pytest.mark.slow
def test_styles_replace_their_like_alone(run, tmp_path):
    checkpoint = Path(shutil.copy(run.checkpoint, tmp_path / 'm.pth'))
    inferencer = Inferencer(run.config, checkpoint, 'cpu')
    encode = lambda clusters, **options: encode_styles(inferencer, encoded=run.styles, clusters=clusters, **options)
    bank, path = encode(3)
    assert path == tmp_path / 'styles.npz' and StyleBank.load(path).settings == bank.settings
    other, beside = encode(2)
    assert beside == tmp_path / f'styles_{other.settings}.npz' and other.settings != bank.settings
    assert encode(2)[1] == beside and encode(3)[1] == path and len(list(tmp_path.iterdir())) == 5
    before = {found: found.read_bytes() for found in tmp_path.iterdir()}
    (tmp_path / 'photo.png').write_bytes(b'photo')
    for out, reason in ((path, 'holds something else than this result'), (checkpoint, 'holds something else'),
                        (tmp_path / 'photo.npz', r'photo\.png is there already, where the picture of the styles')):
        with pytest.raises(ValueError, match=reason):
            encode(2, out=out)
    with pytest.raises(ValueError, match='is read, and writing would replace it'):
        encode_styles(inferencer, encoded=path, clusters=3)
    assert {found: found.read_bytes() for found in before} == before


def test_a_class_of_its_own_without_instance_maps(tmp_path):
    """Helen: a style for each class of each photo."""
    config = narrow('configs/pix2pixhd/pix2pixhd_styles_helen.py', make_scenes('helen', tmp_path / 'helen'))
    train(config, work_dir=tmp_path)
    bank, styles = encode_styles(Inferencer(config, tmp_path / 'iter_1.pth', 'cpu'))
    assert torch.equal(bank.instances.ids, bank.instances.owners) and len(bank.instances) == 3 * 11
    inferencer = Inferencer(config, tmp_path / 'iter_1.pth', 'cpu', styles=styles)
    [layout, *_] = inferencer.find([tmp_path / 'helen/labels/test'])
    one, two = inferencer.sample(layout, 2)
    assert one['styles'].keys() == set(range(11))
    assert not torch.equal(one['outputs']['image'], two['outputs']['image'])


def test_what_cannot_be_encoded_is_refused(run, toycity, tmp_path):
    with pytest.raises(ValueError, match=r'pix2pixhd_toycity\.py has no encoder that makes styles: add'):
        encode_styles(Inferencer(narrow('configs/pix2pixhd/pix2pixhd_toycity.py', toycity), None, 'cpu'))
    with pytest.raises(ValueError, match='clusters=0, but a class needs one at least'):
        encode_styles(Inferencer(run.config, run.checkpoint, 'cpu'), clusters=0)
    with pytest.raises(ValueError, match=r'out=sheet\.png, but that is the ending of the picture'):
        encode_styles(Inferencer(run.config, run.checkpoint, 'cpu'), out='sheet.png')
    shutil.copytree(toycity / 'gtFine', tmp_path / 'city/gtFine')
    with pytest.raises(DataError, match=facts('leftImg8bit/train', 'no photos')):
        encode_styles(Inferencer(run.config, run.checkpoint, 'cpu', dict(data_root=str(tmp_path / 'city'))))
    with pytest.raises(ValueError, match='was made from other photos than those of this data set and split'):
        encode_styles(Inferencer(run.config, run.checkpoint, 'cpu'), encoded=run.styles, split='val')
    run.bank.encoder, right = 'other', run.bank.encoder
    run.bank.save(tmp_path / 'other.npz')
    run.bank.encoder = right
    with pytest.raises(ValueError, match=facts('other.npz', 'encoder', 'encode anew')):
        encode_styles(Inferencer(run.config, run.checkpoint, 'cpu'), encoded=tmp_path / 'other.npz')
    with pytest.raises(ValueError, match=facts('other.npz', 'encoder', 'iter_1.pth')):
        Inferencer(run.config, run.checkpoint, 'cpu', styles=tmp_path / 'other.npz')


def test_a_config_without_data_is_refused(inferencer, monkeypatch):
    monkeypatch.setattr(inferencer, 'config', Config(dict(model=dict())))
    with pytest.raises(ValueError, match=facts('no data set', 'test_dataloader')):
        encode_styles(inferencer)


def test_training_without_photos_to_show_stops_at_once(run, toycity, tmp_path):
    config = narrow(CONFIG, toycity)
    shutil.copytree(toycity / 'gtFine', tmp_path / 'city/gtFine')
    config.val_dataloader.dataset.data_root = str(tmp_path / 'city')
    with pytest.raises(DataError, match=facts('default_hooks.pictures', 'styles from photos')):
        train(config, work_dir=tmp_path)


def test_samples_differ_and_seeds_agree(inferencer, maps):
    layout = inferencer.find([maps])[0]
    images = [result['outputs']['image'] for result in inferencer.sample(layout, 3)]
    assert not torch.equal(images[0], images[1]) and not torch.equal(images[1], images[2])
    again = [result['outputs']['image'] for result in inferencer.sample(layout, 3)]
    assert all(map(torch.equal, images, again))
    [other] = inferencer.sample(layout, seed=1)
    assert not torch.equal(other['outputs']['image'], images[0])
    [plain] = inferencer([layout])
    assert torch.equal(plain['outputs']['image'], images[0])


def test_evaluation_and_synthesis_draw_the_same_styles(inferencer, toycity):
    judged = inferencer.predict(scenes_of(inferencer.config)[0])
    [result] = inferencer(inferencer.find([toycity / 'gtFine/val'])[:1])
    assert result['name'] == judged['name'] and torch.equal(result['outputs']['image'], judged['outputs']['image'])


def test_styles_can_be_named(inferencer, maps):
    layout = inferencer.find([maps])[0]
    [result] = inferencer.sample(layout, clusters={'building': 2, 'road': 0})
    assert torch.equal(result['styles'][11], inferencer.styles.cluster(2, 2))
    assert torch.equal(result['styles'][7], inferencer.styles.cluster(0, 0))


def test_styles_can_be_a_photos(inferencer, toycity, maps):
    """The picture is then that which training shows, of the photo's own styles."""
    [layout, *_] = inferencer.find([toycity / 'gtFine/val'], photos=toycity / 'leftImg8bit/val')
    [result] = inferencer.sample(layout)
    photo, label = result['real']['image'].permute(1, 2, 0).numpy(), result['label'].numpy()
    styles = inferencer.encode(photo, label, scenes_of(inferencer.config)[0]['inputs']['instance'].numpy())
    assert result['styles'].keys() == styles.keys()
    assert all(torch.allclose(result['styles'][identity], styles[identity]) for identity in styles)


def test_arrays_with_any_style(inferencer):
    label = np.zeros((64, 64), np.int64)
    label[16:48, 16:48] = 11
    instance = np.where(label > 0, 26_001, 7)
    vector = torch.tensor([0.5, -0.5, 1])
    result = inferencer.synthesize(label, instance, {26_001: vector}, seed=4)
    assert torch.equal(result['styles'][26_001], vector)
    assert torch.equal(result['styles'][7], inferencer.styles.pick(0, 7, seed=4))
    assert torch.equal(inferencer.synthesize(label, instance, result['styles'])['outputs']['image'],
                       result['outputs']['image'])


def test_eight_bit_instance_maps(run, tmp_path):
    """The released code sees a single instance in them."""
    label, instance = np.full((64, 64), 7, np.uint8), np.full((64, 64), 7, np.uint8)
    label[8:30, 8:30], instance[8:30, 8:30], label[8:30, 34:60], instance[8:30, 34:60] = 26, 1, 26, 2
    for name, ids in dict(label=label, instance=instance).items():
        Image.fromarray(ids).save(tmp_path / f'x_gtFine_{name}Ids.png')
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(
        tmp_path / 'x_leftImg8bit.png')
    inferencer = Inferencer(run.config, run.checkpoint, 'cpu')
    [result] = inferencer.sample(inferencer.find([tmp_path], photos=tmp_path)[0])
    assert result['styles'].keys() == {1, 2, 7} and not torch.equal(result['styles'][1], result['styles'][2])


def test_files_of_samples(inferencer, maps, tmp_path):
    synthesize(inferencer, inferencer.find([maps]), tmp_path / 'out', samples=2)
    names = {f'toycity_00000{scene}_000000_{end}.png' for scene in range(5) for end in (1, 2, 'samples')}
    assert {path.name for path in (tmp_path / 'out').iterdir()} == names
    one, two = (np.asarray(Image.open(tmp_path / f'out/toycity_000000_000000_{number}.png')) for number in (1, 2))
    grid = np.asarray(Image.open(tmp_path / 'out/toycity_000000_000000_samples.png'))
    assert grid.shape[1] > 3 * 256  # four times as large
    top = 8 + int(ImageFont.load_default(size=24).getbbox('Ag')[3])
    for number, picture in enumerate((one, two), 1):
        left = 4 + number * 260
        assert np.array_equal(grid[top:top + 256:4, left:left + 256:4], picture)


def test_mistakes_in_choosing_are_explained(run, toycity, tmp_path):
    unstyled = narrow('configs/pix2pixhd/pix2pixhd_toycity.py', toycity)
    maps, photos = toycity / 'gtFine/val', toycity / 'leftImg8bit/val'

    def use(config, checkpoint, styles=None, photos=None, **options):
        inferencer = Inferencer(config, checkpoint, 'cpu', styles=styles)
        synthesize(inferencer, inferencer.find([maps], photos=photos), tmp_path / 'out', **options)

    for sentence, options in (
            ('there is neither a file of styles nor a photo to take them from', {}),
            ('Clusters are named by their number in a file of styles', dict(clusters={'car': 0}, photos=photos)),
            ('car has the clusters 0', dict(styles=run.styles, clusters={'car': 9})),
            ("'lorry' is neither the id of an object nor a class", dict(styles=run.styles, clusters={'lorry': 0})),
            ('samples=2, but nothing is drawn at random', dict(samples=2, photos=photos)),
            ('samples=0, expected a whole number from 1 on', dict(styles=run.styles, samples=0)),
            ('seed=-1, expected a whole number from 0', dict(styles=run.styles, seed=-1)),
            ('has no photo to take styles from: there is no .*_leftImg8bit.png', dict(photos=tmp_path))):
        with pytest.raises(ValueError, match=sentence):
            use(run.config, run.checkpoint, **options)
    for options in (dict(clusters={'car': 0}), dict(photos=photos)):
        with pytest.raises(ValueError, match='The model was trained without styles'):
            use(unstyled, None, **options)
    with pytest.raises(ValueError, match='styles: the file has styles of 3 numbers, but the model reads 0'):
        use(unstyled, None, styles=run.styles)
    assert not (tmp_path / 'out').exists()
