"""A headless Chromium, driven over its debugging pipe: real clicks, keys and pictures of the screen."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from helpers.ranks import PATIENCE

BINARY = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)


class Chromium:
    """One browser with one page.

    Args:
        size: width and height of the screen in CSS pixels.
        mobile: whether it is a phone's, with touch.
        downloads: folder for what the page saves.
    """

    def __init__(self, size: tuple[int, int] = (1280, 800), mobile: bool = False, downloads: Path | None = None):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        its_input, self.write = os.pipe()
        self.read, its_output = os.pipe()

        def hand_over():
            os.dup2(its_input, 3)
            os.dup2(its_output, 4)

        self.process = subprocess.Popen(
            [BINARY, '--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe',
             f'--user-data-dir={self.profile.name}', 'about:blank'],
            pass_fds=(3, 4), preexec_fn=hand_over, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(its_input)
        os.close(its_output)
        self.session, self.count, self.rest, self.problems = None, 0, b'', []
        target = next(each for each in self.call('Target.getTargets')['targetInfos'] if each['type'] == 'page')
        self.session = self.call('Target.attachToTarget', targetId=target['targetId'], flatten=True)['sessionId']
        self.call('Page.enable')
        self.call('Runtime.enable')
        self.call('Emulation.setDeviceMetricsOverride', width=size[0], height=size[1], deviceScaleFactor=1,
                  mobile=mobile)
        self.call('Emulation.setTouchEmulationEnabled', enabled=mobile)
        if downloads:
            self.call('Page.setDownloadBehavior', behavior='allow', downloadPath=str(downloads))

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *error) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.read)
        os.close(self.write)
        self.profile.cleanup()

    def call(self, method: str, **params) -> dict:
        """A command of the DevTools protocol; what scripts on the page raise meanwhile is kept in ``problems``."""
        self.count += 1
        message = dict(id=self.count, method=method, params=params) | (
            {'sessionId': self.session} if self.session else {})
        os.write(self.write, json.dumps(message).encode() + b'\0')
        while True:
            while b'\0' not in self.rest:
                if not (piece := os.read(self.read, 1 << 20)):
                    raise RuntimeError('Chromium is gone.')
                self.rest += piece
            line, _, self.rest = self.rest.partition(b'\0')
            answer = json.loads(line)
            if answer.get('method') == 'Runtime.exceptionThrown':
                self.problems.append(answer['params']['exceptionDetails'])
            if answer.get('id') == self.count:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']

    def open(self, page: Path | str) -> None:
        """Open a file or an address, and wait until its scripts have run."""
        self.evaluate('window.isLeft = true')
        answer = self.call('Page.navigate', url=page if isinstance(page, str) else page.resolve().as_uri())
        if 'errorText' in answer:
            raise FileNotFoundError(f'{page}: {answer["errorText"]}')
        self.wait('!window.isLeft && document.readyState === "complete"')

    def evaluate(self, script: str):
        """The value of an expression on the page."""
        result = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in result:
            raise RuntimeError(f'{script}: {result["exceptionDetails"]}')
        return result['result'].get('value')

    def wait(self, script: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.evaluate(script):
            if time.monotonic() > end:
                raise TimeoutError(f'still not: {script}')
            time.sleep(0.02)

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of what a selector finds, scrolled into view."""
        return tuple(self.evaluate(
            '(each => { each.scrollIntoView({ block: "nearest" }); const box = each.getBoundingClientRect(); '
            f'return [box.x, box.y, box.width, box.height]; }})(document.querySelector({json.dumps(selector)}))'))

    def click(self, selector: str) -> None:
        """Click, by the mouse, the middle of what a selector finds."""
        left, top, width, height = self.box(selector)
        self.stroke((left + width / 2, top + height / 2))

    def stroke(self, *places: tuple[float, float]) -> None:
        """Press the mouse at a place on the screen, move it to the others, and let go; a click, where there is one."""
        def mouse(kind, place, **more):
            self.call('Input.dispatchMouseEvent', type=kind, x=place[0], y=place[1], **more)
        mouse('mouseMoved', places[0])
        mouse('mousePressed', places[0], button='left', clickCount=1)
        for place in places[1:]:
            mouse('mouseMoved', place, button='left', buttons=1)
        mouse('mouseReleased', places[-1], button='left', clickCount=1)

    def press(self, key: str, control: bool = False) -> None:
        """Press a key: a character, or a name such as ``ArrowLeft``; with Ctrl or alone."""
        named = dict(key=key, code=key, modifiers=2 * control, windowsVirtualKeyCode={
            'ArrowLeft': 37, 'ArrowUp': 38, 'ArrowRight': 39, 'ArrowDown': 40, 'Enter': 13, 'Tab': 9}.get(key, 0))
        text = dict(text='\r') if key == 'Enter' else dict(text=key) if len(key) == 1 and not control else {}
        self.call('Input.dispatchKeyEvent', type='keyDown', **named, **text)
        self.call('Input.dispatchKeyEvent', type='keyUp', **named)

    def picture(self, path: Path) -> None:
        """Save what is on the screen as PNG."""
        Path(path).write_bytes(base64.b64decode(self.call('Page.captureScreenshot')['data']))
