"""Objects of other scenes come in with their pixels, labels and ids, where they fit, as the seed of a sample says."""

import cv2
import numpy as np
import pytest

from helpers.facts import facts
from semsynth.data import PairedFolderDataset, class_pixels
from semsynth.data.draws import Draw
from semsynth.data.transforms import PasteObjects

CLASSES = ('sky', 'road', 'car', 'none')
SKY, ROAD, CAR, NONE = range(4)
SIZE = (20, 30)


@pytest.fixture
def root(tmp_path, write):
    """Three scenes, whose photos are of one colour each: two cars in the first, sky over road alone in the others."""
    for number, name in enumerate('abc'):
        label, instance = np.full(SIZE, SKY, np.uint8), np.full(SIZE, SKY, np.uint16)
        label[10:], instance[10:] = ROAD, ROAD
        if name == 'a':
            label[6:12, 3:9], instance[6:12, 3:9] = CAR, 2000
            label[6:12, 9:12], instance[6:12, 9:12] = CAR, 2001  # it touches the other one
        write(tmp_path / f'images/train/{name}.png', np.full((*SIZE, 3), 40 * (number + 1), np.uint8))
        write(tmp_path / f'labels/train/{name}.png', label)
        write(tmp_path / f'instances/train/{name}.png', instance)
    return tmp_path


@pytest.fixture
def build(root, tmp_path):
    def build(paste=None, **settings):
        if paste is not None:
            paste = dict(classes=['car'], probability=1.0, statistics=str(tmp_path / 'pixels')) | paste
        return PairedFolderDataset(str(root), 'train', classes=CLASSES, palette=[[0, 0, 0]] * 4, unknown=NONE,
                                   **(dict(size=SIZE, paste=paste, things=['car']) | settings))
    return build


def seen(dataset, index, seeds=range(15)):
    """What a scene may become: its label, its instances, its photo's first channel."""
    for seed in seeds:
        inputs = dataset[Draw(index, seed)]['inputs']
        instance = inputs['instance'].numpy() if 'instance' in inputs else None
        yield inputs['label'].numpy(), instance, inputs['image'][0].numpy()


def test_whole_objects_come_with_their_photo_and_a_new_id(build):
    plain = build(instances=True)[1]['inputs']
    found = set()
    for label, instance, photo in seen(build({}, instances=True), 1):
        pasted = photo == 40
        assert np.array_equal(label == CAR, pasted)
        assert np.array_equal(label[~pasted], plain['label'].numpy()[~pasted])
        assert np.array_equal(instance[~pasted], plain['instance'].numpy()[~pasted]) and (photo[~pasted] == 80).all()
        assert set(instance[pasted].tolist()) in ({2000}, {2000, 2001})
        for identity in set(instance[pasted].tolist()):
            rows, columns = np.nonzero(instance == identity)
            found.add((rows.min(), rows.max(), columns.min(), columns.max()))
    assert found == {(6, 11, 3, 8), (6, 11, 9, 11)}


def test_without_an_instance_map_connected_regions_are_objects(build):
    assert {int((label == CAR).sum()) for label, *_ in seen(build({}), 1)} == {54}


def test_what_does_not_come_in_instances_joins_its_class(build):
    for label, instance, _ in seen(build({}, instances=True, things=[]), 1, range(5)):
        assert set(instance[label == CAR].tolist()) == {CAR} and (label == CAR).sum() == 54


def test_a_scene_gives_nothing_to_itself_and_cars_hide_no_cars(build):
    for label, _, photo in seen(build({}), 0, range(10)):
        assert (photo == 40).all() and (label == CAR).sum() == 54


def test_only_what_stands_alike_is_pasted(build, root):
    label = cv2.imread(str(root / 'labels/train/b.png'), cv2.IMREAD_UNCHANGED)
    label[12, :10] = SKY  # where cars would stand
    cv2.imwrite(str(root / 'labels/train/b.png'), label)
    assert all((each != CAR).all() for each, *_ in seen(build(dict(standing=0.5)), 1, range(10)))
    assert any((each == CAR).any() for each, *_ in seen(build(dict(standing=0.1)), 1, range(10)))


def test_sizes_and_numbers_are_kept(build):
    for settings, areas in ((dict(most=1), {36, 18}), (dict(most_area=0.04), {18}), (dict(least_area=0.05), {36}),
                            (dict(least_area=0.2), {0})):
        assert {int((label == CAR).sum()) for label, *_ in seen(build(settings, instances=True), 1)} == areas


def test_the_probability(build):
    share = np.mean([(label == CAR).any() for label, *_ in seen(build(dict(probability=0.3, tries=1)), 1, range(80))])
    assert share == pytest.approx(0.3, abs=0.15)
    assert not any((label == CAR).any() for label, *_ in seen(build(dict(probability=0)), 1))


def test_a_sample_is_a_function_of_its_seed(build):
    first, second = build({}, instances=True, flip=0.5), build({}, instances=True, flip=0.5)
    list(seen(second, 2, range(7)))  # whatever came before
    for one, other in zip(seen(first, 1), seen(second, 1), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_flips_and_edges_come_after(build):
    dataset = build(dict(most=1), flip=1.0, edges=dict())
    inputs = next(sample for seed in range(20) if ((sample := dataset[Draw(1, seed)]['inputs'])['label'] == CAR).any())
    label, photo, edge = (inputs[key].numpy() for key in ('label', 'image', 'edge'))
    _, columns = np.nonzero(label == CAR)
    assert (columns.min(), columns.max()) == (30 - 12, 29 - 3) and (photo[0][label == CAR] == 40).all()
    assert edge.any() and edge[0][3:16, 10:].any()


def test_edge_maps_from_files_are_pasted_too(build, root, write):
    for number, name in enumerate('abc'):
        write(root / f'hed/images/train/{name}.png', np.full(SIZE, number, np.uint8))
    dataset = build({}, edges=dict(folder='hed'))
    inputs = dataset[Draw(1, 3)]['inputs']
    assert np.array_equal(inputs['edge'][0] == 0, inputs['label'] == CAR) and (inputs['label'] == CAR).any()


def test_donors_are_cropped_as_scenes_are(build):
    dataset = build(dict(standing=0), jitter=1.4)
    assert any((label == CAR).any() for label, *_ in seen(dataset, 1))
    for label, _, photo in seen(dataset, 1, range(10)):
        assert np.array_equal(label == CAR, photo == 40) and label.shape == SIZE


def test_errors(build, root):
    with pytest.raises(ValueError, match=facts("'bus' is none of the classes", 'sky, road, car')):
        build(dict(classes=['bus']))
    with pytest.raises(ValueError, match='classes is empty'):
        PasteObjects([])
    with pytest.raises(ValueError, match='in the pipeline of one'):
        PasteObjects(['car'], probability=1).transform(dict(img=np.zeros((2, 2, 3))))


def test_pixels_are_counted_once(build, root, tmp_path, monkeypatch):
    folder, dataset = tmp_path / 'counts', build()
    expected = np.array([[282 - 18, 300 - 18, 0, 0]] * 3)
    expected[0] = [300 - 36, 300 - 18, 54, 0]
    expected[1:] = [300, 300, 0, 0]
    assert np.array_equal(class_pixels(dataset, folder, quiet=True), expected)
    [kept] = folder.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr('semsynth.data.pixel_counts.LoadLabel', None)
        assert np.array_equal(class_pixels(dataset, folder), expected)
    kept.write_bytes(kept.read_bytes()[:90])  # torn
    assert np.array_equal(class_pixels(dataset, folder, quiet=True), expected)
    assert np.array_equal(class_pixels(build(indices=[2, 0]), folder, quiet=True), expected[[2, 0]])
    cv2.imwrite(str(root / 'labels/train/c.png'), np.full((20, 40), NONE, np.uint8))
    assert class_pixels(dataset, folder, quiet=True)[2].tolist() == [0, 0, 0, 800]
    assert not list(root.glob('**/*.npy.part*')) and len(list(folder.iterdir())) == 3


def test_image_like_inputs_have_no_classes(root):
    dataset = PairedFolderDataset(str(root), 'train', raw_channels=1, edges_as_raw=True)
    with pytest.raises(ValueError, match=facts('raw_channels=1', 'no classes')):
        class_pixels(dataset)
