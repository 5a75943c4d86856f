"""What the editor's page does, without a browser and without a server."""

import io
import shutil
import threading
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.editor import CAR, ROAD, SKY, unpacked
from helpers.narrow import narrow
from helpers.ranks import PATIENCE
from semsynth.apis.inferencer import Inferencer
from semsynth.editor.labelling import build_segmentor
from semsynth.editor.page import Session
from semsynth.styles import StyleBank


def inferencer_of(config, toycity):
    torch.manual_seed(0)
    return Inferencer(narrow(config, toycity), None, device='cpu')


@pytest.fixture(scope='module')
def styled(toycity):
    inferencer = inferencer_of('configs/pix2pixhd/pix2pixhd_styles_toycity.py', toycity)
    thumbnails = np.arange(3 * 4 * 4 * 3, dtype=np.uint8).reshape(3, 4, 4, 3)
    inferencer.model.styles = StyleBank(torch.tanh(torch.randn(3, 3)), torch.tensor([CAR, CAR, ROAD]),
                                        inferencer.classes, thumbnails)
    return inferencer


@pytest.fixture(scope='module')
def plain(toycity):
    return inferencer_of('configs/ecgan/ecgan_toycity.py', toycity)


class Tab:
    """A session, and what its page is told."""

    def __init__(self, inferencer, toycity, **options):
        layouts = inferencer.find([toycity / 'gtFine/val'], instances_optional=True)
        self.session = Session(inferencer, layouts, **options)
        self.editor, self.names = self.session.editor, list(self.session.layouts)

    def open(self, number=0):
        return unpacked(self.session.open(self.names[number]))

    def edit(self, operation, **arguments):
        return unpacked(self.session.edit([dict(operation=operation, **arguments)]))

    def state(self):
        return unpacked(self.session.edit([]))


@pytest.fixture
def tab(styled, toycity):
    tab = Tab(styled, toycity)
    tab.open()
    return tab


def pixels(address):
    kind, content = address.split(',')
    assert kind == 'data:image/png;base64'
    return np.asarray(Image.open(io.BytesIO(b64decode(content))))


def car(state):
    return next(each for each in state['objects'] if each['kind'] == CAR)


def test_what_stays_the_same(styled, toycity):
    told = Tab(styled, toycity).session.setup()
    setup = told['setup']
    assert setup['classes'][CAR] == 'car' and setup['palette'][CAR] == [0, 0, 142] and CAR in setup['things']
    assert [len(clusters) for clusters in setup['clusters']] == [1] + 10 * [0] + [2]
    assert np.array_equal(pixels(setup['clusters'][CAR][1]), styled.styles.thumbnails[1])
    assert len(told['layouts']) == 5


def test_the_state(styled, toycity):
    tab = Tab(styled, toycity)
    nothing = tab.state()
    assert (nothing['width'], nothing['height'], nothing['objects'], nothing['name']) == (0, 0, [], None)
    state = tab.open()
    assert state['name'] == tab.names[0] and state['layouts'] == tab.names
    assert (state['width'], state['height']) == (64, 64) and not state['undo'] and not state['redo']
    assert np.array_equal(state['label'], tab.editor.label) and np.array_equal(state['instance'], tab.editor.instance)
    assert [each['id'] for each in state['objects']] == [found.id for found in tab.editor.objects()]
    shown = tab.session.image()
    assert shown.version == state['version']
    image = np.asarray(Image.open(io.BytesIO(shown.content))).astype(int)
    assert np.abs(image - tab.editor.image).max() < 16  # JPEG


def test_more_objects_than_a_byte_counts(plain):
    session = Session(plain)
    instance = np.arange(64 * 64).reshape(64, 64)
    session.editor.open(np.zeros((64, 64), np.int64), instance)
    session.name = 'all'
    assert np.array_equal(unpacked(session.edit([]))['instance'], instance)


def test_a_stroke_and_back(tab):
    before, image = tab.state(), tab.session.image()
    after = tab.edit('brush', points=[[5, 5], [50.4, 50]], radius=3, class_index=SKY)
    assert after['undo'] and after['version'] > before['version']
    assert after['label'][50, 50] == SKY and tab.session.image().content != image.content
    back = tab.edit('undo')
    assert np.array_equal(back['label'], before['label']) and tab.session.image().content == image.content
    assert back['redo'] and np.array_equal(tab.edit('redo')['label'], after['label'])


def test_every_other_edit(tab):
    id = car(tab.state())['id']
    assert tab.edit('move', id=id, dx=3, dy=-2)['undo']
    assert tab.edit('fill', x=0, y=0, class_index=SKY)['label'][0, 0] == SKY
    new = tab.edit('polygon', class_index=CAR, points=[[1, 1], [20, 1], [20, 20]])['selected']
    assert tab.editor.object_at(18, 3) == new != id
    other = tab.edit('relabel', id=new, class_index=10)['selected']
    assert other not in [each['id'] for each in tab.edit('remove', id=other)['objects']]


def test_what_is_selected(tab):
    spot = dict(radius=2, class_index=CAR)
    first = tab.edit('brush', points=[[5, 5]], **spot)['selected']
    assert tab.editor.object_at(5, 5) == first
    assert tab.edit('brush', points=[[9, 5]], extend=True, **spot)['selected'] == first == tab.editor.object_at(11, 5)
    assert tab.edit('brush', points=[[9, 40]], radius=2, class_index=SKY, extend=True)['selected'] == first
    second = tab.edit('brush', points=[[30, 5]], **spot)['selected']
    assert second not in (None, first)
    assert tab.edit('select', id=first)['selected'] == first
    person = tab.edit('relabel', id=first, class_index=10)['selected']
    assert person not in (None, first)
    assert tab.edit('undo')['selected'] == first and tab.edit('undo')['selected'] == first
    assert tab.edit('redo')['selected'] == second and tab.edit('redo')['selected'] == person
    tab.edit('undo')
    assert tab.edit('remove', id=first)['selected'] is None
    assert tab.edit('undo')['selected'] == first
    assert tab.open()['selected'] is None


def test_styles(tab):
    id = car(tab.state())['id']
    first = tab.edit('style', id=id, cluster=1)
    image = tab.session.image().content
    second = tab.edit('style', id=id, cluster=0)
    assert (car(first)['cluster'], car(second)['cluster']) == (1, 0) and tab.session.image().content != image
    road = next(each['id'] for each in second['objects'] if each['kind'] == ROAD)
    assert car(tab.edit('style', id=id, like=road))['cluster'] is None  # a style of another class


def test_a_refusal_is_a_message_and_changes_nothing(tab):
    before = tab.state()
    after = tab.edit('remove', id=123)
    assert after['message'] == 'There is no object 123 in the layout.' and after['version'] == before['version']
    assert 'asked for save, but there are brush, ' in tab.edit('save', path='somewhere')['message']
    assert 'paint' in tab.edit('fill', x=1, y=1, class_index=SKY, paint=2)['message']
    both = tab.session.edit([dict(operation='remove', id=123), dict(operation='fill', x=0, y=0, class_index=SKY)])
    assert unpacked(both)['message'] and unpacked(both)['label'][0, 0] == SKY


def test_strokes_while_the_model_works_are_applied_at_once_and_synthesised_once(tab, monkeypatch):
    began, go_on, calls = threading.Event(), threading.Event(), []
    synthesize = Inferencer.synthesize

    def slowly(*arguments, **named):
        calls.append(arguments[1].copy())
        began.set()
        assert go_on.wait(PATIENCE)
        return synthesize(*arguments, **named)

    monkeypatch.setattr(Inferencer, 'synthesize', slowly)
    versions = [tab.edit('brush', points=[[5, 5]], radius=2, class_index=SKY)['version']]
    shown = []
    threads = [threading.Thread(target=lambda: shown.append(tab.session.image()))]
    threads[0].start()
    assert began.wait(PATIENCE)
    for x in (10, 20, 30, 40):
        state = tab.edit('brush', points=[[x, 5]], radius=2, class_index=SKY)
        assert state['label'][5, x] == SKY  # while the model works
        versions.append(state['version'])
        threads.append(threading.Thread(target=lambda: shown.append(tab.session.image())))
        threads[-1].start()
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(calls) == 2 and np.array_equal(calls[1], tab.editor.label)
    assert [each.version for each in shown] == [versions[0]] + 4 * [versions[-1]]


def test_pasting(tab):
    other = unpacked(tab.session.other(tab.names[1]))
    found = max(other['objects'], key=lambda each: each['area'] if each['kind'] == CAR else 0)
    new = tab.edit('paste', name=tab.names[1], id=found['id'])['selected']
    assert tab.editor.label[tab.editor.instance == new].tolist() == found['area'] * [CAR]
    assert 'no layout x' in tab.edit('paste', name='x', id=1)['message']


def test_downloads_open_again(tab, tmp_path):
    state = tab.edit('brush', points=[[30, 30]], radius=9, class_index=SKY)
    image, paths = tab.editor.image, {}
    for part in ('label', 'instance', 'image', 'project'):
        found = tab.session.file(part)
        paths[part] = tmp_path / found.name
        paths[part].write_bytes(found.content)
        assert found.version == state['version']
    assert [path.name for path in paths.values()] == [
        'toycity_000000_000000_gtFine_labelIds.png', 'toycity_000000_000000_gtFine_instanceIds.png',
        'toycity_000000_000000.png', 'toycity_000000_000000.npz']
    assert np.array_equal(np.asarray(Image.open(paths['image'])), image)
    tab.open(1)
    again = unpacked(tab.session.open_files(str(paths['label']), str(paths['instance'])))
    assert np.array_equal(again['label'], state['label']) and again['selected'] is None and not again['undo']
    assert again['name'] == 'toycity_000000_000000_gtFine_labelIds' == again['layouts'][-1]
    assert tab.session.file('label').name == paths['label'].name
    tab.session.open_files(project=str(paths['project']))
    assert np.array_equal(tab.editor.image, image)


def test_opened_files_stay_to_be_pasted_from_when_they_are_gone(tab, files, tmp_path):
    for number in range(6):
        path = Path(shutil.copy(files[0], tmp_path / f'{number}.png'))
        tab.session.open_files(str(path))
        path.unlink()
    assert tab.state()['layouts'] == [*tab.names, '2', '3', '4', '5']
    assert np.array_equal(unpacked(tab.session.other('2'))['label'], tab.editor.label)


def test_a_project_whose_image_fails_leaves_the_scene_and_its_history(tab, tmp_path, monkeypatch):
    state = tab.edit('brush', points=[[30, 30]], radius=9, class_index=SKY)
    image, path = tab.session.image().content, str(tab.editor.save(tmp_path / 'scene.npz'))
    with monkeypatch.context() as patch:
        patch.setattr(Inferencer, 'synthesize', lambda *_, **named: (_ for _ in ()).throw(RuntimeError('no memory')))
        with pytest.raises(RuntimeError, match='no memory'):
            tab.session.open_files(project=path)
    again = tab.state()
    assert np.array_equal(again['label'], state['label']) and again['undo'] and again['name'] == tab.names[0]
    assert tab.session.image().content == image
    assert not np.array_equal(tab.edit('undo')['label'], state['label'])


def test_what_files_belong_together(tab, files):
    label, _, photo = files
    for mistake in (dict(), dict(label=label, project=label), dict(instance=label, photo=photo)):
        with pytest.raises(ValueError, match='Give a label map with what belongs to it, or '):
            tab.session.open_files(**mistake)
    with pytest.raises(ValueError, match='needs a segmentor'):
        tab.session.open_files(photo=photo)
    state = unpacked(tab.session.open_files(label, photo=photo))
    assert state['layouts'][-1] == 'toycity_000000_000000_gtFine_labelIds'
    assert tab.editor.style_of(car(state)['id']).shape == (3,)


def test_a_photo_is_labelled_first(plain, toycity, files):
    tab = Tab(plain, toycity, segmentor=build_segmentor(plain.config))
    assert tab.session.setup()['setup']['labels_photos']
    state = unpacked(tab.session.open_files(photo=files[2]))
    assert state['name'] == 'toycity_000000_000000_leftImg8bit' and state['objects']


def test_a_model_without_styles_or_layouts(plain, toycity):
    session = Session(plain)
    told = session.setup()
    assert not told['setup']['styled'] and not any(told['setup']['clusters']) and told['layouts'] == []
    for ask in (session.image, lambda: session.file('project')):
        with pytest.raises(ValueError, match='Nothing is open'):
            ask()
    tab = Tab(plain, toycity)
    tab.session.layouts[tab.names[0]] = (tab.session.layouts[tab.names[0]][0], None)
    state = tab.open()
    assert all(each['cluster'] is None for each in state['objects']) and car(state)['whole']


def test_instance_maps_are_found_where_there_are_some(styled, toycity, tmp_path):
    label = tmp_path / 'a_gtFine_labelIds.png'
    label.write_bytes((toycity / 'gtFine/val/toycity/toycity_000000_000000_gtFine_labelIds.png').read_bytes())
    [layout] = styled.find([label], instances_optional=True)
    assert layout.instance is None
    assert styled.find([label]) == [layout]
