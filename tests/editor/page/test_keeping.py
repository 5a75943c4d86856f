"""No work is lost: questions before it is left, and what the browser keeps."""

import time

import pytest

from helpers.editor_page import EditorPage
from helpers.ranks import PATIENCE
from semsynth.editor.page import serve_editor

pytestmark = pytest.mark.slow
SKY = 9
KEPT = 'state.kept === state.scene.version'


def stroke(editor, *pixels):
    editor.page.keyboard.press('b')
    editor.choose('sky')
    editor.draw(*(pixels or [(10, 30), (50, 30)]))
    editor.settle()


def test_another_layout_asks_where_there_are_changes(editor):
    names = editor.state('state.layouts')
    editor.page.select_option('#layouts', names[1])
    editor.wait('state.name === argument', names[1])  # nothing to lose
    editor.settle()
    stroke(editor)
    changed = editor.label()
    editor.page.select_option('#layouts', names[2])
    editor.page.click('#ask-dialog [value=stay]')
    editor.wait('document.querySelector("#layouts").value === argument', names[1])
    assert editor.label() == changed
    editor.page.select_option('#layouts', names[2])
    with editor.page.expect_download() as download:
        editor.page.click('#ask-dialog [value=save]')
    assert download.value.suggested_filename.endswith('.npz')
    editor.wait('state.name === argument', names[2])
    editor.settle()
    stroke(editor)
    editor.page.select_option('#layouts', names[0])
    editor.page.click('#ask-dialog [value=leave]')
    editor.wait('state.name === argument', names[0])


def test_what_is_saved_may_be_left(editor):
    names = editor.state('state.layouts')
    stroke(editor)
    with editor.page.expect_download() as download:
        editor.page.keyboard.press('Control+s')
    assert download.value.suggested_filename.endswith('.npz')
    editor.page.select_option('#layouts', names[1])
    editor.wait('state.name === argument', names[1])


def test_closing_asks_where_there_are_changes(editor):
    asked = []
    editor.page.on('dialog', lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    stroke(editor)
    with editor.page.expect_event('dialog'):
        editor.page.close(run_before_unload=True)
    assert asked == ['beforeunload'] and not editor.page.is_closed()
    editor.press('Control+z')
    with editor.page.expect_event('close'):
        editor.page.close(run_before_unload=True)


def test_work_comes_back_after_a_reload(editor):
    opened = editor.label()
    stroke(editor)
    changed = editor.label()
    editor.wait(KEPT)
    editor.page.on('dialog', lambda dialog: dialog.accept())
    editor.page.reload()
    editor.settle()
    assert editor.label() == opened
    editor.page.get_by_role('button', name='Restore it').click()
    editor.page.locator('#banner').wait_for(state='hidden')
    editor.settle()
    assert editor.label() == changed and editor.state('state.restored')
    assert editor.state('state.name') in editor.state('state.layouts')
    editor.press('Control+z')
    assert editor.label() == opened
    editor.page.select_option('#layouts', index=2)  # it is still in no file
    assert editor.page.locator('#ask-dialog').is_visible()


def test_work_goes_on_after_the_server_was_started_anew(model, toycity, new_page, held_port):
    layouts = model.find([toycity / 'gtFine/val'], instances_optional=True)
    server = serve_editor(model, layouts, port=held_port)
    editor = EditorPage(new_page(1280, 800), server.url)
    stroke(editor, (10, 10))
    editor.wait(KEPT)
    server.close()
    editor.draw((50, 10))
    editor.page.locator('#message.bad', has_text='does not answer').wait_for()
    server = serve_editor(model, layouts, port=held_port)
    try:
        editor.page.locator('#message', has_text='started anew').wait_for()
        editor.settle()
        assert editor.pixel(10, 10) == editor.pixel(50, 10) == SKY
        assert editor.state('state.scene.undo')
    finally:
        server.close()


def test_edits_that_were_not_kept_are_made_again(model, new_page, held_port):
    """The server ends after it has answered, and before the browser has kept anything of an empty canvas."""
    server = serve_editor(model, port=held_port)
    editor = EditorPage(new_page(1280, 800), server.url)
    editor.page.click('#new')
    editor.page.select_option('#new-dialog [name=class_index]', label='road')
    editor.page.click('#new-dialog [type=submit]')
    editor.wait('state.name === "canvas"')
    editor.page.route('**/files/project*', lambda route: route.abort())
    stroke(editor, (10, 10))
    editor.press('Control+z')
    editor.press('Control+y')
    stroke(editor, (50, 10))
    server.close()
    editor.draw((10, 50))
    editor.page.locator('#message.bad', has_text='does not answer').wait_for()
    server = serve_editor(model, port=held_port)
    try:
        editor.page.locator('#message', has_text='started anew').wait_for()
        editor.settle()
        assert [editor.pixel(*place) for place in ((10, 10), (50, 10), (10, 50))] == [SKY] * 3
        for _ in range(3):
            editor.press('Control+z')
        assert SKY not in editor.label() and not editor.state('state.scene.undo')
    finally:
        server.close()


def test_a_failed_open_changes_nothing(editor, tmp_path):
    stroke(editor)
    before = editor.label(), editor.image(), editor.state('state.name')
    (tmp_path / 'torn.png').write_bytes(b'PNG?')
    editor.page.click('#open')
    editor.page.set_input_files('#open-dialog [name=label]', tmp_path / 'torn.png')
    editor.page.click('#open-dialog [type=submit]')
    editor.page.click('#ask-dialog [value=leave]')
    editor.page.locator('#open-dialog .refusal', has_text='torn.png').wait_for()
    editor.page.click('#open-dialog [value=cancel]')
    editor.settle()
    assert (editor.label(), editor.image(), editor.state('state.name')) == before
    editor.press('Control+z')
    assert editor.state('state.scene.redo')


def test_files_are_opened(editor, toycity):
    before = editor.label()
    editor.page.click('#open')
    for kind in ('label', 'instance'):
        file = sorted(toycity.glob(f'gtFine/val/*/*_{kind}Ids.png'))[1]
        editor.page.set_input_files(f'#open-dialog [name={kind}]', file)
    editor.page.click('#open-dialog [type=submit]')
    editor.page.locator('#open-dialog').wait_for(state='hidden')
    editor.settle()
    assert editor.label() != before and not editor.state('state.scene.undo')


def test_a_page_that_is_left_ends_its_session(served, new_page):
    page = new_page()
    with page.expect_request('**/image') as asked:
        EditorPage(page, served)
    address = asked.value.url
    assert page.request.get(address).ok
    page.goto('about:blank')
    deadline = time.monotonic() + PATIENCE
    while (answer := page.request.get(address)).status != 404 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert answer.status == 404


def test_tabs_have_editors_of_their_own(served, new_page):
    here, there = EditorPage(new_page(), served), EditorPage(new_page(), served)
    before = there.label()
    stroke(here)
    there.press('Escape')
    assert here.label() != before and there.label() == before and there.page.locator('#undo').is_disabled()
