import json
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from helpers.facts import facts
from semsynth.evaluators import build_report, report_tables, write_report


class Judged:
    protocol = dict(weights_hash='aaaa', num_images=2, size=[64, 128])
    classes = [dict(index=0, name='road', IoU=90.0, oracle_IoU=95.0),
               dict(index=1, name='pole', IoU=None, oracle_IoU=None),
               dict(index=2, name='road', IoU=10.0, oracle_IoU=15.0)]
    judges = dict(judge='aaaa')
    titles = dict(mIoU='mean IoU ↑')
    prefix = None


SCORES = {'mIoU': 71.234, 'oracle_mIoU': 80.0, 'coarse/aAcc': 55.5, 'coarse/oracle_aAcc': 66.6}


def first_line(path):
    return path.read_text().splitlines()[0]


@pytest.mark.parametrize(('label_generator', 'line'), [
    ('aaaa', "NOT INDEPENDENT: judge judged with the very weights (aaaa) that the model's losses read as label "
             'generator; high scores say little.'),
    ('bbbb', "independent: no judge has the weights of the losses' label generator (bbbb)."),
    (None, 'independent: no loss of the model reads a label generator.')])
def test_first_line_says_whether_the_judge_is_the_label_generator(tmp_path, label_generator, line):
    path = tmp_path / 'results' / 'scores.json'
    write_report(path, build_report(SCORES, [Judged()], label_generator, similarity_stride=4))
    assert first_line(path) == f'{{ "judge": "{line}",'
    stored = json.loads(path.read_text())
    assert stored['scores'] == SCORES
    assert stored['similarity_stride'] == 4
    assert stored['evaluators'] == [
        dict(type='Judged', scores=['mIoU'], protocol=Judged.protocol, classes=Judged.classes)]
    assert [file.name for file in path.parent.iterdir()] == ['scores.json']


@pytest.mark.parametrize(('label_generator', 'said'), [
    ('bbbb', ['NOT INDEPENDENT', 'judge ', 'aaaa', 'lite', 'independent: no judge', 'bbbb']),
    ('aaaa', ['NOT INDEPENDENT', 'label generator', 'NOT INDEPENDENT', 'lite']),
    (None, ['NOT INDEPENDENT', 'lite', 'no loss of the model reads a label generator'])])
def test_a_judge_that_a_loss_trained_on_is_named_too(label_generator, said):
    line = build_report(SCORES, [Judged()], label_generator, dict(aaaa='lite', cccc='other'))['judge']
    assert re.search(facts(*said), line) and 'other' not in line
    other = build_report(SCORES, [Judged()], 'bbbb', dict(cccc='other'))['judge']
    assert 'NOT' not in other and 'other' not in other


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / 'scores.json'
    write_report(path, dict(judge='old'))

    class Broken:
        def __str__(self):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_report(path, dict(judge='new', broken=Broken()))
    assert json.loads(path.read_text()) == dict(judge='old')
    assert len(list(tmp_path.iterdir())) == 1


def test_tables_put_the_oracle_beside_the_score():
    console = Console(width=200)
    with console.capture() as capture:
        console.print(*report_tables(build_report(SCORES, [Judged()], 'aaaa')))
    rows = [line.replace('│', '|').replace('┃', '|') for line in capture.get().splitlines()]
    assert any('NOT INDEPENDENT' in row for row in rows)
    cells = [[cell.strip() for cell in row.split('|')[1:-1]] for row in rows]
    assert ['mean IoU ↑', '71.23', '80'] in cells
    assert ['coarse/aAcc', '55.5', '66.6'] in cells
    assert ['0', 'road', '90', '95'] in cells and ['2', 'road', '10', '15'] in cells
    assert not any('pole' in row for row in rows)


def test_named_protocols_stand_below_the_table():
    class Named(Judged):
        protocol = dict(name='lakes-fpn-v1')

    console = Console(width=200)
    with console.capture() as capture:
        console.print(*report_tables(build_report(SCORES, [Judged(), Named(), Named()], 'bbbb')))
    assert 'protocol: lakes-fpn-v1\n' in re.sub(' +\n', '\n', capture.get())
    with console.capture() as capture:
        console.print(*report_tables(build_report(SCORES, [Judged()], 'bbbb')))
    assert 'protocol' not in capture.get()


def test_without_oracles_there_is_no_column_for_them():
    console = Console(width=200)
    with console.capture() as capture:
        console.print(*report_tables(build_report(dict(diversity=0.25), [], None)))
    assert 'real' not in capture.get() and '0.25' in capture.get()


def test_scores_are_called_by_their_plain_names():
    report = build_report(SCORES, [Judged(), SimpleNamespace(**vars(Judged) | dict(prefix='coarse'))], None)
    assert report['titles'] == {'mIoU': 'mean IoU ↑', 'coarse/mIoU': 'coarse: mean IoU ↑'}
    console = Console(width=200)
    with console.capture() as capture:
        console.print(*report_tables(report))
    assert 'mean IoU ↑' in capture.get()
