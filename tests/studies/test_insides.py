import matplotlib
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from helpers import tiny_segmentor
from helpers.facts import facts
from helpers.narrow import narrow
from semsynth.apis.building import build_for_inference
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.errors import DataError
from semsynth.evaluators import SegmentationEvaluator
from semsynth.studies.insides import Insides, draw_insides, draw_sheet, look_inside, panels
from semsynth.studies.insides.draw import _find_classes

SIZE = HEIGHT, WIDTH = 49, 75


def convolve(layer, x):
    return F.conv2d(x, layer.weight, layer.bias, padding=1)


def leaky(x):
    return torch.maximum(x, 0.2 * x)


def odd_sized(data_root, **options):
    """ECGAN on ToyCity, narrow, at a size that its generator has to pad."""
    config = narrow('configs/ecgan/ecgan_toycity.py', data_root, **options)
    config.test_dataloader.dataset.size = (HEIGHT, WIDTH)
    return config


def save(config, path):
    torch.save(dict(state_dict=build_for_inference(config, None).state_dict()), path)
    return path


@pytest.fixture(scope='module')
def checkpoint(toycity, tmp_path_factory):
    torch.manual_seed(0)
    return save(odd_sized(toycity), tmp_path_factory.mktemp('insides') / 'tiny.pth')


@pytest.fixture(scope='module')
def inferencer(toycity, checkpoint):
    return Inferencer(odd_sized(toycity), checkpoint, 'cpu')


@pytest.fixture
def drawn(monkeypatch):
    """What sheets are drawn of."""
    calls = []
    draw = lambda *parts: calls.append(parts) or draw_sheet(*parts)
    monkeypatch.setattr('semsynth.studies.insides.draw.draw_sheet', draw)
    return calls


@pytest.fixture(scope='module')
def maps(toycity):
    return sorted((toycity / 'gtFine/val/toycity').glob('*_labelIds.png'))


def plain(inferencer, layout):
    """Eqs. 1 and 2 step by step, on the padded layout, cropped last."""
    seen = []
    features = inferencer.model.generator.features
    inferencer.model.generator.features = lambda layout: seen.append((features(layout), layout)) or seen[-1][0]
    list(inferencer.sample(layout))
    del inferencer.model.generator.features
    [(features, layout)] = seen
    assert layout.size == (64, 96)
    head, edge, image, levels = inferencer.model.generator.head, features, features, []
    with torch.no_grad():
        for j in range(3):
            edge = convolve(head.edge_branch.levels[j], leaky(edge))
            image = convolve(head.image_branch.levels[j], leaky(image))
            levels.append(1 / (1 + (-edge).exp()))
            image = image * levels[-1] + image
        edge = torch.tanh(convolve(head.edge_branch.last, leaky(edge)))
        before = torch.tanh(convolve(head.image_branch.last, leaky(image)))
        attention = 1 / (1 + (-edge).exp())
        after = attention * before + before
        classes = convolve(head.semantic.to_classes, torch.cat([features, edge, after, layout.one_hot], 1))
        classes = classes * (1 + 1 / (1 + (-classes.mean((2, 3), keepdim=True)).exp()))
    crop = lambda maps: maps[0, :, :HEIGHT, :WIDTH]
    return Insides(crop(edge), crop(attention), list(map(crop, levels)), crop(before), crop(after), crop(classes))


def test_insides_are_those_of_equations_1_and_2(inferencer, maps):
    [layout] = inferencer.find(maps[:1])
    result, insides = look_inside(inferencer, layout)
    expected = plain(inferencer, layout)
    for name in ('edge', 'attention', 'before', 'after', 'classes'):
        assert torch.allclose(getattr(insides, name), getattr(expected, name), atol=1e-5), name
        assert getattr(insides, name).shape[-2:] == SIZE
    assert len(insides.levels) == 3
    for level, other in zip(insides.levels, expected.levels, strict=True):
        assert level.shape == (8, *SIZE) and torch.allclose(level, other, atol=1e-5)
    assert insides.classes.shape == (12, *SIZE)
    shown = ((insides.after.clamp(-1, 1) + 1) * 127.5).round().byte()
    assert torch.equal(result['outputs']['coarse'], shown)


def test_looking_changes_nothing_and_leaves_nothing(inferencer, maps):
    [layout] = inferencer.find(maps[:1])
    [before] = inferencer.sample(layout)
    result, _ = look_inside(inferencer, layout)
    assert all(torch.equal(result['outputs'][name], image) for name, image in before['outputs'].items())
    assert not any(part._forward_hooks for part in inferencer.model.generator.modules())
    with pytest.raises(DataError):
        look_inside(inferencer, LayoutFile('x', 'none.png', 'none.png'))
    assert not any(part._forward_hooks for part in inferencer.model.generator.modules())


def test_scales_are_as_stated():
    values = torch.tensor([[0.0, 1.0, 2.5], [-3.0, 4.0, 9.0]])
    panel = panels.coloured(values, 'x', 0, 4)
    assert panel.scale == ('viridis', 0, 4)
    colours = matplotlib.colormaps['viridis']
    expected = [[colours(share, bytes=True)[:3] for share in row] for row in ((0, 0.25, 0.625), (0, 1.0, 1.0))]
    assert panel.picture.tolist() == np.array(expected).tolist()
    assert panels.coloured(values, 'x').scale == ('viridis', -3, 9)
    assert panels.coloured(torch.full((2, 2), 3.0), 'x').picture.shape == (2, 2, 3)  # nothing divided by 0
    gray = panels.coloured(torch.tensor([-0.73, 0, 0.365]).view(3, 1, 1), 'x', -0.73, 0.73, 'gray')
    assert gray.picture.tolist() == [[[0, 128, 191]]]


def random_insides():
    edge, before = torch.rand(2, 3, *SIZE) * 2 - 1
    attention = torch.sigmoid(edge)
    return Insides(edge, attention, list(torch.rand(3, 4, *SIZE)), before, before * (1 + attention),
                   torch.randn(5, *SIZE))


def test_what_edge_guidance_changed():
    insides = random_insides()
    before, after, difference = panels.change_section(insides).panels
    expected = np.rint(255 * (insides.before.double().numpy().transpose(1, 2, 0) + 1) / 2)
    assert np.abs(before.picture - expected).max() <= 1
    assert after.detail == f'{100 * (insides.after.abs() > 1).double().mean():.1f}% of the values are clipped'
    change = (insides.before.double() / (1 + (-insides.edge.double()).exp())).numpy().transpose(1, 2, 0)
    high = 1 / (1 + np.exp(-1))
    assert np.abs(difference.picture - 255 * (change + high) / (2 * high)).max() <= 1
    assert difference.scale == ('gray', pytest.approx(-high), pytest.approx(high))


def test_edge_and_attention_maps():
    insides = random_insides()
    label = torch.randint(0, 5, SIZE)
    section = panels.edge_section(dict(label=label), insides, None)
    assert [panel.caption for panel in section.panels] == [
        'label map', "edge map I_e'", "attention sigmoid(I_e')", *(f'attention at level {j}' for j in (1, 2, 3))]
    attention, level = section.panels[2], section.panels[4]
    low, high = 1 / (1 + np.e), np.e / (1 + np.e)
    assert attention.scale == ('viridis', pytest.approx(low), pytest.approx(high))
    colours = matplotlib.colormaps['viridis']
    mean = insides.attention.numpy().mean(0)
    assert np.abs(attention.picture - colours((mean - low) / (high - low), bytes=True)[..., :3].astype(int)).max() <= 1
    mean = sum(insides.levels[1].numpy()) / 4
    assert level.scale == ('viridis', pytest.approx(mean.min()), pytest.approx(mean.max()))
    shares = (mean - mean.min()) / (mean.max() - mean.min())
    assert np.abs(level.picture - colours(shares, bytes=True)[..., :3].astype(int)).max() <= 2


def test_class_channels():
    insides, names = random_insides(), ['road', 'car', 'sky', 'tree', 'unknown']
    label = torch.zeros(SIZE, dtype=torch.long)
    label[:, :40], label[:, 40:55], label[0] = 4, 1, 2
    car, tree = panels.class_section(dict(label=label), insides, [1, 3], names).panels
    share = 15 * (HEIGHT - 1) / (HEIGHT * WIDTH)
    assert (car.caption, tree.caption) == (f'car ({100 * share:.0f}% of the layout)', 'tree (0% of the layout)')
    for panel, channel in ((car, insides.classes[1]), (tree, insides.classes[3])):
        assert panel.scale == ('viridis', channel.min().item(), channel.max().item())
    assert panels.commonest(label, 3, unknown=None) == [4, 0, 1]
    assert panels.commonest(label, 3, unknown=4) == [0, 1, 2]
    assert panels.commonest(label[:1], 3, unknown=None) == [2]


@pytest.mark.parametrize('size', [None, (40, 32)])
def test_segmentations_are_the_judges(size):
    class_map = [2, 0, 255, 1]
    evaluator = SegmentationEvaluator(dict(type='Segmentor', config=tiny_segmentor.config(), class_map=class_map),
                                      size=size)
    label, image = torch.randint(0, 4, SIZE), torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8)
    palette = [[9, 0, 0], [0, 9, 0], [0, 0, 9], [7, 7, 7]]
    section = panels.segmentation_section(dict(label=label, outputs=dict(image=image)), dict(image="I''"), evaluator,
                                          palette)
    layout, seen = section.panels
    if size:
        rows, columns = (torch.arange(new) * old // new for new, old in zip(size, SIZE, strict=True))
        label = label[rows][:, columns]
        image = F.interpolate(image[None].float(), size, mode='bilinear', antialias=True)[0]
    predicted = evaluator.judge(image[None].float() / 127.5 - 1)[0].argmax(0)
    of_judge = {0: palette[1], 1: palette[3], 2: palette[0], 3: [0, 0, 0], 4: [0, 0, 0]}
    right = counted = 0
    for y in range(label.shape[0]):
        for x in range(label.shape[1]):
            target = class_map[label[y, x]]
            counted += target != 255
            right += target == predicted[y, x].item()
            assert layout.picture[y, x].tolist() == of_judge.get(target, [0, 0, 0])
            assert seen.picture[y, x].tolist() == of_judge[predicted[y, x].item()]
    assert (seen.caption, seen.detail) == ("segmentation of I''", f'pixel accuracy {100 * right / counted:.1f}%')
    assert layout.detail == f'black: {100 * (1 - counted / label.numel()):.1f}%, not judged'


def test_a_layout_without_judged_classes_has_no_accuracy():
    evaluator = SegmentationEvaluator(dict(type='Segmentor', config=tiny_segmentor.config(3), class_map=[255, 0, 1]))
    result = dict(label=torch.zeros(SIZE, dtype=torch.long), outputs=dict(image=torch.zeros(3, *SIZE).byte()))
    layout, seen = panels.segmentation_section(result, dict(image="I'"), evaluator, None).panels
    assert (layout.detail, seen.detail) == ('black: 100.0%, not judged', 'nothing to compare with')


OFF = dict(class_specific=False, embedding_channels=None)
RESULTS, CHANGE, EDGES, CLASSES, SEGMENTATION = (
    'Layout and results', 'What edge guidance changed', 'Edge and attention maps', "Class channels of F_c'",
    'Segmentation by the judge')
WEIGHTS = 'Weights of pixels'
ROWS = [  # switches of the head, the sections with their number of panels, what is left out
    (dict(), {RESULTS: 3, CHANGE: 3, EDGES: 6, CLASSES: 3, SEGMENTATION: 3}, []),
    (dict(final='class_specific'), {RESULTS: 3, CHANGE: 3, EDGES: 6, CLASSES: 3, SEGMENTATION: 4}, []),
    (dict(OFF, semantic=False), {RESULTS: 2, CHANGE: 3, EDGES: 6, SEGMENTATION: 2}, ['class channels']),
    (dict(OFF, semantic=False, transfer=False), {RESULTS: 2, EDGES: 2, SEGMENTATION: 2},
     ['attention maps', 'class channels']),
    (dict(OFF, edges=False, transfer=False), {RESULTS: 3, CLASSES: 3, SEGMENTATION: 3},
     ['the edge map', 'attention maps']),
    (dict(type='LGGANHead'), {RESULTS: 5, WEIGHTS: 2, SEGMENTATION: 5}, []),
    (dict(type='DAGANHead'), {RESULTS: 2, WEIGHTS: 1, SEGMENTATION: 2}, []),
    (dict(type='DAGANHead', spatial=False), {RESULTS: 2, SEGMENTATION: 2}, ['spatial attention']),
    (dict(type='RGBHead'), {RESULTS: 2, SEGMENTATION: 2}, ['what its head computes on the way']),
]


@pytest.mark.slow
@pytest.mark.parametrize(('head', 'shown', 'left_out'), ROWS)
def test_what_a_model_does_not_have_is_left_out(head, shown, left_out, toycity, maps, tmp_path, drawn):
    config = odd_sized(toycity)
    config.model.generator.head = head if 'type' in head else {**config.model.generator.head, **head}
    path = save(config, tmp_path / 'row.pth')
    inferencer = Inferencer(config, path, 'cpu')
    sentence = draw_insides(inferencer, inferencer.find(maps[:1]), tmp_path)
    [(title, sections, notes)] = drawn
    assert title == 'toycity_000000_000000'
    assert {section.heading.split(' (')[0]: len(section.panels) for section in sections} == shown
    absent = sentence.removeprefix('Not on the sheets: ').removesuffix('.').split('; ') if sentence else []
    assert [part.split(' (')[0].split(' and ')[0] for part in absent] == left_out
    assert notes[0].count(str(path)) == 1 and notes[1:] == [sentence] * bool(sentence)
    written = np.asarray(Image.open(tmp_path / 'toycity_000000_000000_insides.png'))
    assert np.array_equal(written, draw_sheet(title, sections, notes))


def test_classes_are_chosen_and_segmentations_left_out(inferencer, maps, tmp_path, drawn, monkeypatch):
    draw = lambda **options: draw_insides(inferencer, inferencer.find(maps[:2]), tmp_path, **options)
    assert draw(classes=['car', '0', 'traffic light', 'sky', 'road'], segment=False) == (
        'Not on the sheets: segmentations (not asked for).')
    classes = lambda: [panel.caption.split(' (')[0] for panel in drawn[-1][1][-1].panels]
    assert classes() == ['car', 'road', 'traffic light', 'sky']
    other = dict(type='FrechetDistance', judge=inferencer.config.judge)
    monkeypatch.setitem(inferencer.config, 'test_evaluator', other)
    assert draw() == 'Not on the sheets: segmentations (no SegmentationEvaluator in test_evaluator).'
    [label] = [result['label'] for result in inferencer(inferencer.find(maps[1:2]))]
    names = [inferencer.classes[index] for index in label.flatten().bincount().argsort()[-3:]]
    assert classes() == names[::-1]


def test_a_name_that_two_classes_have_means_both():
    assert _find_classes(['car', '0', 'sky'], ['sky', 'car', 'road', 'car']) == [1, 3, 0]
    assert _find_classes(['3'], ['sky', 'car', 'road', 'car']) == [3]


def test_image_like_inputs_have_neither_classes_nor_segmentations(toycity, tmp_path):
    config = narrow('configs/pix2pixhd/pix2pixhd_edges_toycity.py', toycity)
    path = save(config, tmp_path / 'edges.pth')
    photo = next((toycity / 'leftImg8bit/val').rglob('*.png'))
    inferencer = Inferencer(config, path, 'cpu')
    layouts = inferencer.find([photo])
    sentence = draw_insides(inferencer, layouts, tmp_path)
    assert sentence.endswith('; segmentations (layouts are no label maps).')
    with pytest.raises(ValueError, match=facts('classes', 'no class car')):
        draw_insides(inferencer, layouts, tmp_path, classes=['car'])


def test_mistakes_are_explained(inferencer, maps, tmp_path, monkeypatch):
    draw = lambda inputs=maps[:1], **options: draw_insides(inferencer, inferencer.find(inputs), tmp_path, **options)
    with pytest.raises(ValueError, match=facts('rode, 12', 'road, sidewalk, ', 'car', '0 to 11')):
        draw(classes=['rode', 'car', '12'])
    with pytest.raises(DataError, match=r'1 names stand for more than one label map'):
        draw(inputs=[maps[0], maps[0]])
    monkeypatch.setitem(inferencer.config.test_evaluator[0].judge, 'checkpoint', 'none.pth')
    with pytest.raises(FileNotFoundError, match=facts('none.pth', '--segmentor none')):
        draw()
    assert not list(tmp_path.iterdir())
