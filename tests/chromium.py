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

    def open(self, page: Path) -> None:
        """Open a file, and wait until its scripts have run."""
        answer = self.call('Page.navigate', url=Path(page).resolve().as_uri())
        if 'errorText' in answer:
            raise FileNotFoundError(f'{page}: {answer["errorText"]}')
        self.wait('document.readyState === "complete"')

    def evaluate(self, script: str):
        """The value of an expression on the page."""
        result = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in result:
            raise RuntimeError(f'{script}: {result["exceptionDetails"]}')
        return result['result'].get('value')

    def wait(self, script: str, seconds: float = 20) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(script):
            if time.monotonic() > end:
                raise TimeoutError(f'still not: {script}')
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Click, by the mouse, the middle of what a selector finds."""
        place = self.evaluate(f'(box => ({{x: box.x + box.width / 2, y: box.y + box.height / 2}}))'
                              f'(document.querySelector({json.dumps(selector)}).getBoundingClientRect())')
        for kind in ('mousePressed', 'mouseReleased'):
            self.call('Input.dispatchMouseEvent', type=kind, button='left', clickCount=1, **place)

    def press(self, key: str) -> None:
        """Press a key: a character, or a name such as ``ArrowLeft``."""
        named = dict(key=key, code=key, windowsVirtualKeyCode={
            'ArrowLeft': 37, 'ArrowUp': 38, 'ArrowRight': 39, 'ArrowDown': 40, 'Enter': 13, 'Tab': 9}.get(key, 0))
        text = dict(text='\r') if key == 'Enter' else dict(text=key) if len(key) == 1 else {}
        self.call('Input.dispatchKeyEvent', type='keyDown', **named, **text)
        self.call('Input.dispatchKeyEvent', type='keyUp', **named)

    def picture(self, path: Path) -> None:
        """Save what is on the screen as PNG."""
        Path(path).write_bytes(base64.b64decode(self.call('Page.captureScreenshot')['data']))
