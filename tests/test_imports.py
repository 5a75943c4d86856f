"""Imports between the folders of semsynth go one way, and docs/architecture.md draws it as it is."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'semsynth'
ORDER = {
    'the command': 'cli',
    'what is built on top': 'editor studies',
    'what people call': 'apis',
    'what a run is made of': 'engine',
    'what a run fills in, and keeps': 'completion stored_config',
    'from a config to what runs': 'config',
    'the model, and what judges or fills it': 'models evaluators converters',
    'components: none knows another family': 'generators heads encoders discriminators losses segmentors data styles',
    'what components share': 'layers ops layout parts visualise',
    'what a config or a file may hold': 'registry settings weights label_spaces config_files',
    'ground': 'arguments autocast devices safe_reading scores seeds writing',
    'how messages are worded': 'errors',
}
"""The folders, and the files beside them, from above. Each imports from the rows below its own alone."""
FACE = {'__init__', '__main__'}
"""Name what people call; they import from the top."""


def drawing():
    """The order as docs/architecture.md shows it."""
    return '\n  |\n'.join(f'{row:<71} {what}' for what, row in ORDER.items())


def rows_of_parts():
    return {part: number for number, row in enumerate(reversed(ORDER.values())) for part in row.split()}


def imported(tree):
    """Every module of semsynth that a module imports: also within functions, and for type checkers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == 'semsynth':
            yield from (f'semsynth.{name.name}' for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or '.' * node.level
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def found(part):
    """The other parts that a part imports."""
    paths = sorted((PACKAGE / part).rglob('*.py')) or [PACKAGE / f'{part}.py']
    names = {name for path in paths for name in imported(ast.parse(path.read_text(encoding='utf-8')))}
    return {name.split('.')[1] for name in names if name.startswith('semsynth.')} - {part, '__version__'}


def test_every_part_has_its_place():
    assert {path.stem for path in PACKAGE.iterdir()
            if path.name[0] != '.' and path.name not in ('__pycache__', 'py.typed')} == rows_of_parts().keys() | FACE


@pytest.mark.parametrize('part', sorted(rows_of_parts().keys() - {'parts'}))
def test_imports_go_one_way(part):
    rows = rows_of_parts()
    assert not {other for other in found(part) if rows[other] >= rows[part]}


def test_what_a_model_consists_of_names_the_families_for_type_checkers_alone():
    tree = ast.parse((PACKAGE / 'parts.py').read_text(encoding='utf-8'))
    body = [node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING')]
    assert not any(name.startswith('semsynth') for name in imported(ast.Module(body, [])))


def test_the_drawing_and_the_tree_are_true():
    text = (PACKAGE.parent / 'docs/architecture.md').read_text(encoding='utf-8')
    assert drawing() in text
    tree = re.search(r'```\nsemsynth/\n(.*?)```', text, re.S)[1]
    listed = {name for line in tree.splitlines() for name in re.findall(r'(?<= )(\w+)(?:\.py|/)(?= )', f'{line} ')}
    assert rows_of_parts().keys() <= listed


WITHOUT_POSIX = """
import os, sys
import mmseg.datasets, torchmetrics
sys.modules['fcntl'] = sys.modules['resource'] = None
del os.register_at_fork, os.O_DIRECTORY
import semsynth.apis.inferencer, semsynth.apis.synthesis
from semsynth.writing import write_whole
print(write_whole(sys.argv[1], b'whole').read_bytes())
"""


@pytest.mark.slow
def test_inference_needs_nothing_that_windows_lacks(tmp_path):
    done = subprocess.run([sys.executable, '-c', WITHOUT_POSIX, tmp_path / 'file'], capture_output=True, text=True,
                          check=False, cwd=PACKAGE.parent)
    assert done.stdout.splitlines()[-1:] == ["b'whole'"], done.stderr
