import numpy as np
import pytest
import torch

from helpers.facts import facts
from semsynth.layout import Layout
from semsynth.seeds import seed_of
from semsynth.styles import StyleBank, classes_of, vectors_of
from semsynth.styles.clustering import cluster_styles, examples
from semsynth.styles.instances import Instances
from semsynth.styles.sheet import SIZE, cut_patch, style_sheet

CLASSES = ('road', 'car', 'train')


@pytest.fixture
def bank():
    """One style of roads, four of cars, none of trains."""
    centres = torch.tensor([[0.5, 0.0], [1, 0], [2, 0], [3, 0], [4, 0]])
    thumbnails = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    return StyleBank(centres, torch.tensor([0, 1, 1, 1, 1]), CLASSES, thumbnails)


@pytest.fixture
def layout():
    """Road 7, cars 26001 and 2**31+5, and a train."""
    instance = torch.tensor([[[7, 26_001, 26_001], [7, 2**31 + 5, 31_000]]])
    return Layout(label=torch.tensor([[[0, 1, 1], [0, 1, 2]]]), num_classes=3, instance=instance)


def instances(counts, spread=0.0, areas=None):
    """So many instances of each class, each at a place of its own."""
    owners = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    count = len(owners)
    features = torch.randn(count, 3) * spread
    return Instances(features, owners, torch.ones(count).long() if areas is None else areas, torch.arange(count),
                     torch.zeros(count).long(), ('scene',))


def test_clusters_of_a_class(bank):
    assert bank.clusters(1).tolist() == [[1, 0], [2, 0], [3, 0], [4, 0]]
    assert bank.cluster(1, 3).tolist() == [4, 0]
    assert bank.thumbnails_of(1)[:, 0, 0, 0].tolist() == [1, 2, 3, 4] and bank.thumbnails_of(2).shape == (0, 2, 2, 3)
    with pytest.raises(ValueError, match=r'car has the clusters 0\.\.3, but cluster 4 was asked for'):
        bank.cluster(1, 4)


def test_a_class_without_clusters_has_the_mean_of_all(bank):
    """The released code leaves what was in memory."""
    assert bank.clusters(2).tolist() == bank.clusters(99).tolist() == [pytest.approx([2.1, 0])]
    assert bank.pick(2, 5, seed=0).tolist() == pytest.approx([2.1, 0])
    assert StyleBank.neutral(3).clusters(7).tolist() == [[0, 0, 0]]


def test_what_is_picked_depends_on_id_and_seed_alone(bank, layout):
    one, two = bank.draw(layout, [1]), bank.draw(layout, [1])
    assert torch.equal(one.style, two.style) and layout.style is None
    without_train = Layout(label=layout.label.clamp(max=1), num_classes=3, instance=layout.instance.clone())
    without_train.instance[0, 1, 2] = 7
    less = vectors_of(bank.draw(without_train, [1]))[0]
    for identity in (26_001, 2**31 + 5):
        assert torch.equal(less[identity], vectors_of(one)[0][identity])
    batch = Layout(label=layout.label.repeat(2, 1, 1), num_classes=3, instance=layout.instance.repeat(2, 1, 1))
    assert torch.equal(bank.draw(batch, [5, 1]).style[1], one.style[0])


def test_all_clusters_of_a_class_are_picked_alike(bank):
    picks = [int(bank.pick(1, 26_001, seed)[0]) for seed in range(400)]
    assert all(70 < picks.count(cluster) < 130 for cluster in (1, 2, 3, 4))
    assert len({int(bank.pick(1, identity, 0)[0]) for identity in (-1, -2, 5, 26_001, 26_002, 2**31 + 5)}) > 1


def test_some_styles_are_given(bank, layout):
    styled = bank.draw(layout, [0], [{26_001: torch.tensor([9.0, 9]), 999: torch.zeros(2)}])
    assert styled.style[0, :, 0, 1:].unique().tolist() == [9]
    assert styled.style[0, :, :, 0].T.tolist() == [[0.5, 0]] * 2  # the only style of roads
    assert vectors_of(styled)[0].keys() == {7, 26_001, 31_000, 2**31 + 5}
    with pytest.raises(ValueError, match=r'A style has 2 numbers, but one of shape \(3,\) was given'):
        bank.draw(layout, [0], [{7: torch.zeros(3)}])


def test_clusters_are_chosen_by_class_or_by_id(bank, layout):
    [chosen] = bank.choose(layout, {'26001': 0, 'car': 2})
    assert {identity: style.tolist() for identity, style in chosen.items()} == {26_001: [1, 0], 2**31 + 5: [3, 0]}
    assert bank.choose(layout, {'train': 0})[0][31_000].tolist() == pytest.approx([2.1, 0])
    with pytest.raises(ValueError, match=facts("'bus'", 'road, car')):
        bank.choose(layout, {'bus': 0})
    with pytest.raises(ValueError, match=facts('26002', '7, 26001, 31000, 2147483653')):
        bank.choose(layout, {'26002': 0})
    with pytest.raises(ValueError, match=r'road has the clusters 0\.\.0'):
        bank.choose(layout, {'road': 1})


def test_without_instances_a_class_is_an_object(bank):
    layout = Layout(label=torch.tensor([[[0, 1], [1, 1]]]), num_classes=3)
    styled = bank.draw(layout, [3])
    assert vectors_of(styled)[0].keys() == {0, 1}
    assert torch.equal(styled.style[0, :, 0, 1], bank.pick(1, 1, 3))


def test_an_objects_class_is_that_of_most_of_its_pixels():
    objects = torch.tensor([[-5, -5, -5], [2**31 + 5, -5, 8]])
    assert classes_of(objects, torch.tensor([[2, 2, 0], [1, 0, 2]])) == {-5: 0, 8: 2, 2**31 + 5: 1}


def test_seeds_of_scenes_differ():
    seeds = [seed_of('a'), seed_of('b'), seed_of('a', sample=1), seed_of('a', seed=1)]
    assert len(set(seeds)) == 4 and seeds[0] == seed_of('a')


def test_a_file_comes_back_whole(bank, tmp_path):
    found = instances([3, 5, 0], spread=1.0)
    full = cluster_styles(found, CLASSES, clusters=2)
    full.encoder = 'abc'
    for saved in (bank, full):
        saved.save(tmp_path / 'styles.npz')
        loaded = StyleBank.load(tmp_path / 'styles.npz')
        assert torch.equal(loaded.centres, saved.centres) and torch.equal(loaded.owners, saved.owners)
        assert np.array_equal(loaded.thumbnails, saved.thumbnails) and loaded.thumbnails.dtype == np.uint8
        assert (loaded.classes, loaded.encoder) == (saved.classes, saved.encoder)
    assert torch.equal(loaded.members, full.members) and loaded.instances.names == ('scene',)
    for name, array in found.to_arrays().items():
        assert np.array_equal(loaded.instances.to_arrays()[name], array), name


def test_instances_fit_their_clusters(tmp_path):
    full = cluster_styles(instances([3, 5, 0], spread=1.0), CLASSES, clusters=2)
    full.save(tmp_path / 'whole.npz')
    with np.load(tmp_path / 'whole.npz') as file:
        stored = dict(file)
    for part, change, reason in (
            ('members', lambda array: array + 99, 'members of the clusters'),
            ('members', lambda array: array[1:], 'members of the clusters'),
            ('instances.scenes', lambda array: array + 1, 'other scenes than the 1'),
            ('instances.owners', lambda array: array[1:], 'other parts of other lengths')):
        np.savez(tmp_path / 'odd.npz', **stored | {part: change(stored[part])})
        with pytest.raises(ValueError, match=rf'odd\.npz is no file of styles \(.*{reason}'):
            StyleBank.load(tmp_path / 'odd.npz')


def test_other_files_are_refused(bank, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no style file .*none\.npz: semsynth encode_styles makes one'):
        StyleBank.load(tmp_path / 'none.npz')
    (tmp_path / 'text.npz').write_text('styles')
    np.savez(tmp_path / 'future.npz', format=2)
    np.savez(tmp_path / 'pickle.npz', format=1, centres=np.array([object()]))
    np.savez(tmp_path / 'empty.npz', format=1, centres=np.zeros((0, 3), np.float32), owners=np.zeros(0, int),
             classes=np.array(CLASSES), thumbnails=np.zeros((0, 0, 0, 3), np.uint8), encoder='')
    np.savez(tmp_path / 'nan.npz', format=1, centres=np.full((1, 3), np.nan, np.float32), owners=np.zeros(1, int),
             classes=np.array(CLASSES), thumbnails=np.zeros((0, 0, 0, 3), np.uint8), encoder='')
    for name, reason in dict(text='not a zip file', future='format 2 instead of 1', pickle='it holds Python objects',
                             empty='one centre at least', nan='the centres of the styles are not finite').items():
        with pytest.raises(ValueError, match=rf'{name}\.npz is no file of styles \(.*{reason}'):
            StyleBank.load(tmp_path / f'{name}.npz')
    parts = dict(format=1, centres=np.zeros((2, 3), np.float32), owners=np.zeros(2, int), classes=np.array(CLASSES),
                 thumbnails=np.zeros((0, 0, 0, 3), np.uint8), encoder='')
    for part, value, reason in (
            ('owners', np.zeros(2), 'its class a long integer'), ('owners', np.array(['a', 'b']), 'styles'),
            ('centres', np.zeros((2, 3), int), 'a style is floats'),
            ('thumbnails', np.zeros((2, 4, 4), np.uint8), 'thumbnails'),
            ('thumbnails', np.zeros((2, 4, 4, 3)), 'thumbnails'), ('classes', np.zeros(()), 'classes have no names')):
        np.savez(tmp_path / 'odd.npz', **parts | {part: value})
        with pytest.raises(ValueError, match=rf'odd\.npz is no file of styles \(.*{reason}'):
            StyleBank.load(tmp_path / 'odd.npz')
    np.savez(tmp_path / 'odd.npz', format=1)
    with pytest.raises(ValueError, match=r"odd\.npz is no file of styles \(it has no 'classes'\)"):
        StyleBank.load(tmp_path / 'odd.npz')
    with pytest.raises(ValueError, match='2 thumbnails of 5 centres'):
        StyleBank(bank.centres, bank.owners, CLASSES, np.zeros((2, 1, 1, 3), np.uint8))


def test_styles_that_are_not_finite_are_named():
    with pytest.raises(ValueError, match='the style of the object 8 in b is not finite'):
        Instances(torch.tensor([[0.0], [torch.nan]]), torch.zeros(2).long(), torch.ones(2).long(), torch.tensor([7, 8]),
                  torch.tensor([0, 1]), ('a', 'b'))


def test_separate_groups_are_the_clusters():
    places = torch.tensor([[-0.9, 0, 0], [0, 0.9, 0], [0.5, 0.5, -0.9]])
    found = instances([0, 60, 0])
    found.features = places[[0] * 10 + [1] * 30 + [2] * 20] + 0.01 * torch.randn(60, 3)
    bank = cluster_styles(found, CLASSES, clusters=3)
    assert bank.owners.tolist() == [1, 1, 1]
    torch.testing.assert_close(bank.centres, places[[1, 2, 0]], atol=0.02, rtol=0)  # the largest first
    assert bank.members.bincount().tolist() == [30, 20, 10]
    for number in range(3):
        mean = found.features[bank.members == number].mean(0)
        torch.testing.assert_close(bank.centres[number], mean)


def test_small_and_rare_classes_have_clusters():
    """One instance of one pixel is a cluster: the released code wants 1/64 of the image."""
    found = instances([200, 1, 4], spread=1.0, areas=torch.tensor([5000] * 200 + [1] + [2] * 4))
    bank = cluster_styles(found, CLASSES)
    assert [int((bank.owners == owner).sum()) for owner in range(3)] == [10, 1, 4]
    assert torch.equal(bank.cluster(1, 0), found.features[200])


def test_equal_styles_are_one_cluster():
    bank = cluster_styles(instances([7]), CLASSES)
    assert bank.centres.tolist() == [[0, 0, 0]] and bank.members.tolist() == [0] * 7


def test_clustering_is_seeded():
    found = instances([100], spread=1.0)
    one, two = cluster_styles(found, CLASSES, seed=1), cluster_styles(found, CLASSES, seed=1)
    assert torch.equal(one.centres, two.centres) and torch.equal(one.members, two.members)


def test_examples_are_the_nearest_of_the_largest():
    found = instances([12], areas=torch.tensor([1] * 6 + [90, 80, 70, 2, 2, 2]))
    found.features = torch.tensor([0.0] * 6 + [3, 1, -1.5, 0, 0, -2.5])[:, None].expand(12, 3).contiguous()
    bank = cluster_styles(found, CLASSES, clusters=1)
    assert examples(bank, 2) == [[7, 8]] and examples(bank, 3) == [[7, 8, 6]]
    assert len(examples(bank, 99)[0]) == 12


def test_a_patch_shows_the_instance_and_fades_the_rest():
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:20, 30:40] = (200, 10, 10)
    mask = image[..., 0] > 0
    mask[39, 59] = True  # a stray pixel
    patch = cut_patch(image, mask)
    assert patch.shape == (SIZE, SIZE, 3) and patch.dtype == np.uint8
    assert patch[SIZE // 2, SIZE // 2].tolist() == [200, 10, 10] and patch[1, 1].tolist() == [170, 170, 170]
    border = (patch == 0).all(2)
    assert border[SIZE // 2].sum() == 2 and not border[0].any()


@pytest.mark.parametrize(('rows', 'columns'), [((0, 1), (0, 1)), ((39, 40), (59, 60)), ((0, 40), (0, 60)),
                                               ((20, 21), (0, 60))], ids=['corner', 'other', 'all', 'line'])
def test_patches_at_the_frame(rows, columns):
    mask = np.zeros((40, 60), bool)
    mask[slice(*rows), slice(*columns)] = True
    assert cut_patch(np.full((40, 60, 3), 7, np.uint8), mask).shape == (SIZE, SIZE, 3)


def test_a_sheet_has_a_row_a_class_and_a_cell_a_cluster():
    bank = cluster_styles(instances([9, 4], spread=1.0), CLASSES, clusters=3)
    colours = np.array([[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0], [0, 250, 250], [250, 0, 250]], np.uint8)
    sheet = style_sheet(bank, [[np.broadcast_to(colour, (SIZE, SIZE, 3))] * 4 for colour in colours])
    places = [np.argwhere((sheet == colour).all(2)) for colour in colours]
    assert [len(place) for place in places] == [4 * SIZE**2] * 6
    tops, lefts = (np.array([place.min(0)[axis] for place in places]) for axis in (0, 1))
    assert (np.diff(tops) == [0, 0, tops[3] - tops[0], 0, 0]).all() and tops[3] > tops[0] + 2 * SIZE
    assert lefts[:3].tolist() == lefts[3:].tolist() and (np.diff(lefts[:3]) > 2 * SIZE).all()
