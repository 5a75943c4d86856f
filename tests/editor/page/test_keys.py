"""Keys go to the canvas, whatever was used before."""

import pytest

pytestmark = pytest.mark.slow
SKY, CAR = 9, 11


def test_after_a_drop_down_was_used(editor):
    found, _ = editor.select(CAR)
    editor.page.click('#paste summary')
    editor.page.select_option('#paste select', index=2)
    for control in ('#paste select', '#layouts'):
        editor.page.keyboard.press('v')
        editor.page.focus(control)
        chosen = editor.page.input_value(control)
        editor.press('b')
        assert editor.state('state.tool') == 'brush' and editor.page.input_value(control) == chosen
    assert editor.state('state.selected.kind') == CAR and not editor.state('state.scene.undo')
    editor.choose('sky')
    editor.draw((30, 30))
    editor.settle()
    editor.page.focus('#layouts')
    editor.press('Control+z')
    assert not editor.state('state.scene.undo') and editor.state('state.selected.id') == found['id']
    editor.press('Control+Shift+Z')
    assert editor.pixel(30, 30) == SKY


def test_choosing_by_a_drop_down_gives_the_keys_back(editor):
    editor.page.select_option('#layouts', index=1)
    editor.settle()
    assert editor.page.evaluate('document.activeElement === document.querySelector("#layout canvas")')


def test_a_class_is_changed_by_its_list_not_by_a_letter(editor):
    found, _ = editor.select(CAR)
    editor.page.click('#relabel')
    editor.page.keyboard.type('veg')
    editor.press('Enter')
    assert editor.state('state.selected?.kind ?? null') is None  # vegetation is no thing
    assert found['id'] not in [each['id'] for each in editor.state('state.scene.objects')]
    editor.press('b')
    assert editor.state('state.tool') == 'brush'
    editor.press('Control+z')
    assert editor.state('state.selected.id') == found['id']


def test_the_first_letter_after_the_list_is_opened_is_the_lists(editor):
    editor.select(CAR)
    assert editor.page.evaluate('''() => {
        document.querySelector('#relabel').click();
        return document.activeElement.matches('#kinds input');    // at once: events that follow may be late
    }''')


def test_letters_in_a_field_are_text(editor):
    editor.page.keyboard.press('/')
    editor.page.keyboard.type('bus')
    assert editor.state('state.tool') == 'select' and editor.page.input_value('#classes input') == 'bus'
    editor.page.fill('#classes input', '')
    editor.page.keyboard.type('sky')
    editor.page.keyboard.press('Enter')
    assert editor.state('[state.kind, state.tool]') == [SKY, 'brush']


def test_a_focused_button_is_pressed_by_its_own_keys(editor):
    editor.page.focus('[data-tool=fill]')
    editor.page.keyboard.press('Enter')
    assert editor.state('state.tool') == 'fill'
    editor.page.keyboard.press('?')
    assert editor.page.locator('#help-dialog').is_visible()
    editor.page.keyboard.press('b')  # is the dialog's
    editor.page.keyboard.press('Escape')
    assert editor.state('state.tool') == 'fill' and editor.page.locator('#help-dialog').is_hidden()
