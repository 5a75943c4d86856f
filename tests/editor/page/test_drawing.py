"""What is drawn on the page, and what becomes of it."""

import threading

import pytest

from helpers.ranks import PATIENCE
from semsynth.apis.inferencer import Inferencer

pytestmark = pytest.mark.slow
POLE, SKY, PERSON, CAR = 4, 9, 10, 11


def test_a_stroke_undo_and_redo(editor):
    first = editor.label(), editor.image()
    editor.page.keyboard.press('b')
    editor.choose('sky')
    editor.draw((5, 60), (20, 50), (60, 60))
    editor.settle()
    after = editor.label(), editor.image()
    assert editor.pixel(20, 50) == SKY and after[0] != first[0] and after[1] != first[1]
    editor.press('Control+z')
    assert (editor.label(), editor.image()) == first
    editor.press('Control+Shift+Z')
    assert editor.label() == after[0]
    editor.press('Control+z')
    editor.press('Control+y')
    assert editor.label() == after[0]


def test_shapes(editor):
    editor.choose('car')
    editor.page.keyboard.press('r')
    editor.draw((4, 4), (16, 12))
    editor.settle()
    assert editor.state('[state.selected.kind, ...state.selected.box]') == [CAR, 4, 4, 17, 13]
    assert editor.state('state.selected.area') == 13 * 9
    editor.press('Escape')
    editor.page.keyboard.press('p')
    editor.choose('person')
    for corner in ((30, 4), (40, 4), (40, 30), (30, 30)):
        editor.draw(corner)
    editor.press('Enter')
    assert editor.state('[state.selected.kind, ...state.selected.box]') == [PERSON, 30, 4, 41, 31]
    editor.choose('pole')
    editor.page.keyboard.press('l')
    for _ in range(9):
        editor.page.keyboard.press('[')
    editor.draw((50, 2), (50, 61))
    editor.settle()
    assert all(editor.pixel(50, y) == POLE for y in range(2, 62)) and editor.pixel(51, 30) != POLE
    editor.page.keyboard.press('f')
    editor.choose('sky')
    editor.draw((50, 30))
    editor.settle()
    assert editor.pixel(50, 2) == editor.pixel(50, 61) == SKY
    editor.page.keyboard.press('i')
    editor.draw((10, 8))
    assert editor.state('[state.kind, state.tool]') == [CAR, 'fill']


def test_a_selected_object_is_extended_moved_and_removed(editor):
    found, place = editor.select(CAR)
    editor.page.keyboard.press('b')
    editor.choose('car')
    editor.draw(place, (5, 5))
    editor.settle()
    assert editor.state('state.selected.id') == found['id'] and editor.pixel(5, 5) == CAR
    editor.press('Control+z')
    editor.draw((5, 5))  # elsewhere: a new one
    editor.settle()
    assert editor.state('state.selected.id') != found['id'] and editor.pixel(5, 5) == CAR
    editor.press('Control+z')
    assert editor.state('state.selected.id') == found['id']  # undo keeps the selection
    editor.page.keyboard.press('v')
    editor.press_at_once('ArrowLeft', 'ArrowLeft', 'ArrowUp')
    left, top, right, bottom = found['box']
    moved = editor.state('state.selected')
    assert moved['id'] == found['id'] and moved['box'] == [max(left - 2, 0), max(top - 1, 0), right - 2, bottom - 1]
    editor.press('Control+z')
    assert editor.state('state.selected.box') == found['box'] and not editor.state('state.scene.undo')  # one step
    editor.press('Delete')
    assert editor.state('state.selected') is None
    assert found['id'] not in [each['id'] for each in editor.state('state.scene.objects')]
    editor.press('Control+z')
    assert editor.state('state.selected.id') == found['id']


def test_a_style(editor):
    editor.select(CAR)
    styles, before = editor.page.locator('.clusters button'), editor.image()
    assert styles.count() == 2
    other = styles.and_(editor.page.locator('[aria-pressed=false]')).first
    name = other.get_attribute('aria-label')
    other.click()
    editor.settle()
    assert editor.image() != before
    assert editor.page.get_by_role('button', name=name).get_attribute('aria-pressed') == 'true'


def test_pasting_from_another_layout(editor):
    editor.page.click('#paste summary')
    editor.page.select_option('#paste select', index=2)
    editor.page.locator('#paste .objects button').first.wait_for()
    before = editor.label()
    box = editor.page.locator('#paste canvas').bounding_box()
    editor.page.locator('#paste canvas').click(position=dict(x=box['width'] / 2, y=box['height'] * .97))
    editor.settle()
    assert editor.label() != before and editor.state('state.scene.undo')


def test_an_empty_canvas(editor):
    editor.page.click('#new')
    editor.page.fill('#new-dialog [name=width]', '96')
    editor.page.fill('#new-dialog [name=height]', '64')
    editor.page.select_option('#new-dialog select', 'sky')
    editor.page.click('#new-dialog [type=submit]')
    editor.page.locator('#new-dialog').wait_for(state='hidden')
    editor.settle()
    assert editor.state('[state.scene.width, state.scene.height, state.scene.undo]') == [96, 64, False]
    assert set(editor.label()) == {SKY}


def test_strokes_that_come_while_the_model_works_are_applied_at_once_and_synthesised_once(editor, monkeypatch):
    began, free, calls, synthesize = threading.Event(), threading.Event(), [], Inferencer.synthesize

    def wait(*arguments, **more):
        calls.append(None)
        began.set()
        assert free.wait(PATIENCE)
        return synthesize(*arguments, **more)

    monkeypatch.setattr(Inferencer, 'synthesize', wait)
    editor.page.keyboard.press('b')
    editor.choose('sky')
    try:
        for y in (4, 16, 28, 40, 52):
            editor.draw((8, y), (56, y))
            assert began.wait(PATIENCE)  # with the first stroke alone
        editor.wait('[4, 16, 28, 40, 52].every((y) => state.scene.label[y * state.scene.width + 30] === argument)', SKY)
        editor.page.locator('#model', has_text='The model is at work').wait_for()
        assert len(calls) == 1
    finally:
        free.set()
    editor.settle()
    assert len(calls) == 2  # the first stroke's, and that of all
