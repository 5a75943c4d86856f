"""Makes the picture of the editor in docs/editor.md: python -m helpers.editor_picture MODEL LAYOUTS OUT."""

import sys

from playwright.sync_api import sync_playwright

from helpers.browser import BINARY
from helpers.editor_page import EditorPage
from semsynth import Inferencer
from semsynth.editor.page import serve_editor

CAR = 'car'


def main(model: str, layouts: str, out: str) -> None:
    """Serve a model's editor, give its largest car another style, and save what the browser shows."""
    inferencer = Inferencer(model)
    server = serve_editor(inferencer, inferencer.find([layouts], instances_optional=True))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BINARY, args=['--no-sandbox'])
        editor = EditorPage(browser.new_page(viewport=dict(width=1280, height=800)), server.url)
        editor.select(editor.state('state.setup.classes').index(CAR))
        styles = editor.page.locator('.clusters button[aria-pressed=false]')
        if styles.count():
            styles.first.click()
        editor.settle()
        editor.page.mouse.move(1, 1)
        editor.page.screenshot(path=out)
        browser.close()
    server.close()


if __name__ == '__main__':
    main(*sys.argv[1:])
