"""The notebook of the docs runs."""

import json
from pathlib import Path

import pytest
from PIL import Image

NOTEBOOK = Path(__file__).parents[1] / 'docs/first_steps.ipynb'


def cells(kind):
    return [''.join(cell['source']) for cell in json.loads(NOTEBOOK.read_text(encoding='utf-8'))['cells']
            if cell['cell_type'] == kind]


@pytest.mark.slow
def test_the_notebook_runs_and_the_image_follows_the_edit():
    code = '\n'.join(cells('code'))
    assert code.count('range(200)') == 1
    names = {}
    exec(compile(code.replace('range(200)', 'range(20)'), NOTEBOOK.name, 'exec'), names)
    before = names['synthesise'](names['label'], names['instance'])
    after = names['synthesise'](names['edited_label'], names['edited_instance'])
    assert before.shape == (3, 64, 128) and (before != after).any()
    assert isinstance(names['show']([[before, after]], ['before', 'after']), Image.Image)


def test_the_notebook_has_its_outputs_and_is_small():
    pictures = [output for cell in json.loads(NOTEBOOK.read_text(encoding='utf-8'))['cells']
                for output in cell.get('outputs', []) if 'image/png' in output.get('data', {})]
    assert len(pictures) == ''.join(cells('code')).count('\nshow(')
    assert NOTEBOOK.stat().st_size < 100_000
