"""Zoom, comparison, and how the page fits screens and readers."""

import re

import pytest

from helpers.editor_page import EditorPage

pytestmark = pytest.mark.slow
SKY = 9
NAMES = ['ground', 'panel', 'text', 'muted', 'accent', 'on-accent', 'bad', 'edge', 'soft']
WIDTHS = (1440, 1280, 700, 400)


def test_a_zoomed_brush_is_as_wide_in_pixels_of_the_layout(editor):
    editor.page.keyboard.press('b')
    editor.choose('sky')
    editor.draw((32, 32))
    editor.settle()
    plain = editor.label()
    editor.press('Control+z')
    editor.page.mouse.move(*editor.at(32, 32))
    editor.page.mouse.wheel(0, -500)
    editor.wait('document.querySelector("#zoom").textContent !== "100%"')
    scale = editor.at(33, 32)[0] - editor.at(32, 32)[0]
    editor.draw((32, 32))
    editor.settle()
    assert editor.label() == plain and scale > 8
    editor.page.keyboard.press('0')
    editor.wait('document.querySelector("#zoom").textContent === "100%"')


def test_the_wheel_keeps_what_is_under_it_and_space_drags(editor):
    place = editor.at(30, 33)
    editor.page.mouse.move(*place)
    editor.page.mouse.wheel(0, -400)
    editor.wait('document.querySelector("#zoom").textContent !== "100%"')
    assert editor.at(30, 33) == pytest.approx(place, abs=0.5)
    before = editor.label()
    editor.page.keyboard.press('b')
    editor.page.keyboard.down(' ')
    editor.draw((30, 33), (34, 35))
    editor.page.keyboard.up(' ')
    moved = editor.at(30, 33)
    assert moved[0] > place[0] + 5 and editor.label() == before and not editor.state('state.scene.undo')


def test_two_fingers_zoom_and_one_paints(served, new_page):
    editor = EditorPage(new_page(400, 850, has_touch=True), served)
    editor.page.locator('[data-tool=brush]').tap()
    editor.choose('sky')
    touch = editor.page.context.new_cdp_session(editor.page)

    def fingers(kind, *places):
        touch.send('Input.dispatchTouchEvent', dict(type=kind, touchPoints=[
            dict(x=x, y=y, id=number) for number, (x, y) in enumerate(places)]))

    left, right = editor.at(24, 32), editor.at(40, 32)
    fingers('touchStart', left, right)
    fingers('touchMove', (left[0] - 30, left[1]), (right[0] + 30, right[1]))
    fingers('touchEnd')
    editor.wait('parseInt(document.querySelector("#zoom").textContent) > 120')
    assert not editor.state('state.scene.undo')
    place = editor.at(30, 30)
    fingers('touchStart', place)
    fingers('touchMove', (place[0] + 9, place[1]))
    fingers('touchEnd')
    editor.wait('state.scene.undo')
    editor.settle()
    assert editor.pixel(30, 30) == SKY
    editor.press('Control+z')
    editor.page.touchscreen.tap(*place)
    editor.wait('state.scene.undo')
    editor.settle()
    assert editor.pixel(30, 30) == SKY and editor.pixel(31, 30) == SKY


def test_before_and_after_and_labels_over_the_image(editor):
    first = editor.image()
    editor.page.keyboard.press('b')
    editor.choose('sky')
    editor.draw((10, 30), (50, 30))
    editor.settle()
    after = editor.image()
    assert after != first
    editor.page.keyboard.down('c')
    editor.wait('document.querySelector("#image figcaption").textContent.includes("Before")')
    assert editor.image() == first
    editor.page.keyboard.up('c')
    editor.wait('!document.querySelector("#image figcaption").textContent.includes("Before")')
    assert editor.image() == after
    editor.page.fill('#opacity input', '50')
    editor.wait('document.querySelector("#opacity output").textContent === "50%"')
    assert editor.image() not in (first, after)


def test_nothing_is_cut_off_or_comes_from_elsewhere(served, new_page):
    page, loaded = new_page(), []
    page.on('request', lambda request: loaded.append(request.url))
    editor = EditorPage(page, served)
    editor.select(11)
    for width in WIDTHS:
        page.set_viewport_size(dict(width=width, height=800))
        editor.wait('innerWidth === argument', width)
        assert page.evaluate('document.documentElement.scrollWidth') <= width
        for opener, dialog in (('#open', '#open-dialog'), ('#new', '#new-dialog'), ('#help', '#help-dialog')):
            page.click(opener)
            box = page.locator(dialog).bounding_box()
            assert box['x'] >= 0 and box['x'] + box['width'] <= width
            page.keyboard.press('Escape')
    assert [address for address in loaded if not re.match(f'{served}|data:|blob:', address)] == []


def test_a_long_message_leaves_room_for_the_rest(served, new_page):
    editor = EditorPage(new_page(400, 800), served)
    editor.page.evaluate('async () => (await import("/state.js")).say("A sentence that goes on. ".repeat(80), true)')
    editor.settle()
    message, footer = (editor.page.locator(part).bounding_box() for part in ('#message', 'footer'))
    assert message['width'] > 250 and footer['height'] < 320


def test_a_new_canvas_is_ground_by_default(editor):
    editor.page.keyboard.press('n')
    road = editor.state('state.setup.classes.indexOf("road")')
    assert editor.page.input_value('#new-dialog [name=class_index]') == str(road)
    editor.page.click('#new-dialog [type=submit]')
    editor.wait('state.name === "canvas"')
    assert set(editor.label()) == {road}


def test_everything_that_can_be_used_has_a_name(editor):
    editor.select(11)
    nameless = editor.page.evaluate('''() => [...document.querySelectorAll('button, select, input, canvas, summary')]
        .filter((each) => each.checkVisibility())
        .filter((each) => !(each.ariaLabel || each.labels?.[0]?.textContent || each.textContent).trim())
        .map((each) => each.outerHTML)''')
    assert nameless == []
    tree = editor.page.locator('body').aria_snapshot()
    for part in ('toolbar "Tools"', 'button "Brush"', 'listbox "Class to paint"', 'option "car"',
                 'application "Layout"', 'img "Synthesised image"', 'status'):
        assert part in tree


def test_the_keyboard_alone_paints_nothing_by_accident_and_reaches_all(editor):
    reached = set()
    for _ in range(60):
        editor.page.keyboard.press('Tab')
        reached.add(editor.page.evaluate('(document.activeElement.id || document.activeElement.dataset?.tool || '
                                         'document.activeElement.closest("[id]")?.id)'))
    assert {'layouts', 'open', 'new', 'save', 'brush', 'fill', 'opacity', 'layout', 'classes', 'objects'} <= reached


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_text_stands_out(served, new_page, scheme):
    page = EditorPage(new_page(color_scheme=scheme), served).page
    colours = page.evaluate('''names => names.map((name) => {
        document.body.style.color = `var(--${name})`;
        return getComputedStyle(document.body).color.match(/[0-9.]+/g).slice(0, 3).map(Number);
    })''', NAMES)
    colours = dict(zip(NAMES, colours, strict=True))
    pairs = [('text', 'panel'), ('text', 'ground'), ('text', 'soft'), ('muted', 'panel'), ('muted', 'ground'),
             ('bad', 'panel'), ('on-accent', 'accent')]
    low = {pair: contrast(*(colours[name] for name in pair)) for pair in pairs}
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}
    assert contrast(colours['edge'], colours['panel']) >= 3


def contrast(one, other):
    """WCAG's contrast of two sRGB colours."""
    light = [sum(weight * (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
                 for weight, value in zip((0.2126, 0.7152, 0.0722), (part / 255 for part in colour), strict=True))
             for colour in (one, other)]
    return (max(light) + 0.05) / (min(light) + 0.05)
