"""The history of edits, in memory and in project files."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.editor import CAR, ROAD, SKY, first, state
from semsynth.editor import Editor, history


@pytest.fixture
def edited(editor, files):
    """An editor after edits of every kind, and the states that it went through."""
    editor.open(*files, keep_photo=True)
    states = [kept(editor)]
    for edit in (lambda: editor.brush([(5, 5), (40, 30)], 3, CAR), lambda: editor.fill(0, 0, SKY),
                 lambda: editor.style(first(editor, CAR), cluster=2), lambda: editor.feather(3),
                 lambda: editor.remove(first(editor, CAR))):
        edit()
        states.append(kept(editor))
    return SimpleNamespace(editor=editor, states=states)


def kept(editor):
    photo = editor.scene.kept
    return *state(editor), photo.edited.tobytes(), photo.feather


def test_back_and_forth(edited):
    editor, states = edited.editor, edited.states
    for _ in range(2):
        for expected in reversed(states[:-1]):
            editor.undo()
            assert kept(editor) == expected
        for expected in states[1:]:
            editor.redo()
            assert kept(editor) == expected


def test_a_project_may_hold_the_last_edits(edited, tmp_path, monkeypatch):
    again = Editor(edited.editor.inferencer)
    again.load(edited.editor.save(tmp_path / 'scene.npz'))
    assert not again.can_undo
    path = edited.editor.save(tmp_path / 'scene.npz', history=True)
    again.load(path)
    assert kept(again) == edited.states[-1] and again.steps == 5
    for expected in reversed(edited.states[:-1]):
        again.undo()
        assert kept(again) == expected
    for expected in edited.states[1:]:
        again.redo()
        assert kept(again) == expected
    monkeypatch.setattr(history, 'STORED_STEPS', 2)
    again.load(edited.editor.save(path, history=True))
    assert again.steps == 2
    monkeypatch.setattr(history, 'STORED_PICTURES', 0)
    again.load(edited.editor.save(path, history=True))
    assert not again.can_undo  # the last edit removed pixels


def rest(**change):
    """Five times the same, as a file has it."""
    content = json.dumps([dict(styles={}, latent=None, feather=8) | change] * 5)
    return np.frombuffer(content.encode(), np.uint8)


@pytest.mark.parametrize('change', [
    dict(boxes=np.full((5, 4), 40)), dict(boxes=np.full((5, 4), -1)), dict(boxes=np.zeros((5, 4))),
    dict(boxes=np.zeros((2, 4), int)), dict(label=np.zeros(3, np.uint16)),
    dict(label=lambda label: np.full_like(label, 99)), dict(instance=lambda instance: instance.astype(str)),
    dict(rest=np.zeros(3, np.uint8)), dict(rest=np.frombuffer(b'[]', np.uint8)), dict(rest=rest(more=1)),
    dict(rest=rest(styles={'1': [1, 2]})), dict(rest=rest(latent=[1.0])), dict(rest=rest(feather=-8)),
    dict(rest=rest(feather=None))])
def test_edits_that_do_not_fit_open_nothing(edited, tmp_path, change):
    path = edited.editor.save(tmp_path / 'scene.npz', history=True)
    with np.load(path) as file:
        stored = dict(file)
    for name, value in change.items():
        stored[f'past.{name}'] = value(stored[f'past.{name}']) if callable(value) else value
    np.savez(path, **stored)
    before = kept(edited.editor)
    with pytest.raises(ValueError, match=r'scene\.npz'):
        edited.editor.load(path)
    assert kept(edited.editor) == before and edited.editor.steps == 5


def test_a_step_is_as_large_as_its_edit(editor):
    editor.open(np.zeros((512, 512), int), np.arange(512 * 512).reshape(512, 512))
    editor.brush([(100, 100)], 3, ROAD)
    [step] = editor.past
    assert step.box == (97, 97, 7, 7) and sum(map(len, step.maps.values())) < 1000
