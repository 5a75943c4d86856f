"""The editor's page in a browser: what a user does on it, and what it shows."""

import time

from helpers.browser import drag
from helpers.ranks import PATIENCE

# Its modules are there once: a script that imports one sees what the page sees.
STATE = 'async (argument) => { const { state } = await import("/state.js"); return %s; }'
PLACE = '''async ([x, y, pane]) => {
    const { state } = await import('/state.js'), { placed } = await import('/viewport.js');
    const canvas = document.querySelector(`#${pane} canvas`), { left, top } = canvas.getBoundingClientRect();
    const at = placed(canvas, state.scene);
    return [left + at.left + (x + .5) * at.scale, top + at.top + (y + .5) * at.scale];
}'''
AT_REST = '''async () => {
    const { state, shown } = await import('/state.js'), { pending } = await import('/editing.js');
    return shown() && !document.querySelector('.starting') && !pending() && !state.nudge && state.openingSince === null
        && state.workingSince === null && (state.picture?.version === state.scene?.version || state.bad);
}'''


class EditorPage:
    """The page.

    Args:
        page: of Playwright.
        address: that the editor is served at.
    """

    def __init__(self, page, address):
        self.page = page
        page.goto(address)
        self.settle()

    def state(self, expression, argument=None):
        """The value of an expression of ``state``, as the page's modules see it, and of an argument."""
        return self.page.evaluate(STATE % expression, argument)

    def wait(self, expression, argument=None):
        """Wait until an expression of ``state`` is true."""
        end = time.monotonic() + PATIENCE
        while not self.state(expression, argument):
            if time.monotonic() > end:
                raise TimeoutError(f'still not: {expression}')
            time.sleep(0.05)

    def settle(self):
        """Wait until all that was done shows in the image, and the page is laid out for it."""
        end = time.monotonic() + PATIENCE
        while not self.page.evaluate(AT_REST):
            if time.monotonic() > end:
                raise TimeoutError('the page does not come to rest')
            time.sleep(0.05)

    def at(self, x, y, pane='layout'):
        """Where on the screen a pixel of the layout is."""
        self.page.locator(f'#{pane} canvas').scroll_into_view_if_needed()
        return self.page.evaluate(PLACE, [x, y, pane])

    def draw(self, *pixels, pane='layout'):
        """Press the mouse at a pixel of the layout, move it to the others, and let go; a click, where there is one."""
        drag(self.page, *(self.at(*pixel, pane) for pixel in pixels))

    def press(self, key):
        self.page.keyboard.press(key)
        self.settle()

    def press_at_once(self, *keys):
        """Press keys without a moment between them, however slow the machine is."""
        self.page.evaluate('''(keys) => keys.forEach((key) => document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', { key, bubbles: true })))''', keys)
        self.settle()

    def choose(self, name):
        """Choose a class to paint, by its name."""
        self.page.locator('#classes').get_by_role('option', name=name, exact=True).click()

    def label(self):
        """The label map: class indices, row by row."""
        return self.state('[...state.scene.label]')

    def pixel(self, x, y):
        """Class index of a pixel."""
        return self.state('state.scene.label[argument[1] * state.scene.width + argument[0]]', [x, y])

    def image(self):
        """What the image's canvas shows, the pointer being elsewhere."""
        self.page.mouse.move(1, 1)
        self.wait('state.pointer === null')
        return self.page.evaluate('() => new Promise((show) => requestAnimationFrame(() => requestAnimationFrame('
                                  '() => show(document.querySelector("#image canvas").toDataURL()))))')

    def largest(self, class_index):
        """The largest object of a class, and a pixel of it."""
        objects, places, width = self.state('[state.scene.objects, [...state.scene.places], state.scene.width]')
        number = max(range(len(objects)), key=lambda one: (objects[one]['kind'] == class_index, objects[one]['area']))
        pixels = [divmod(index, width)[::-1] for index, place in enumerate(places) if place == number]
        return objects[number], pixels[len(pixels) // 2]

    def select(self, class_index):
        """Click the largest object of a class; it, and the pixel."""
        found, place = self.largest(class_index)
        self.page.keyboard.press('v')
        self.draw(place)
        self.wait('state.selected?.id === argument', found['id'])
        return found, place
