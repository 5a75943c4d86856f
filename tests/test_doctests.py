"""The examples in docstrings run, and give what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = ['.'.join(path.relative_to(ROOT).with_suffix('').parts) for path in sorted((ROOT / 'semsynth').rglob('*.py'))
           if '>>>' in path.read_text(encoding='utf-8')]


@pytest.mark.parametrize('name', MODULES)
def test_examples(name):
    module, finder, runner = import_module(name), doctest.DocTestFinder(), doctest.DocTestRunner()
    for key, value in vars(module).copy().items():
        if getattr(value, '__module__', None) == name:
            for test in finder.find(value, key, module, globs={}):
                runner.run(test)
    text = Path(module.__file__).read_text(encoding='utf-8')
    assert runner.summarize() == (0, text.count('>>> '))
