import copy
import json

import pytest

from helpers.facts import facts
from semsynth.studies.comparison import compare

REPORT = dict(
    judge='independent: no loss of the model reads a label generator.', config='a/ecgan_lakes.py',
    checkpoint='work/iter_9.pth', scenes=dict(count=5, hash='aa'),
    scores={'mIoU': 41.234, 'oracle_mIoU': 60.0, 'frechet_judge': 2.5, 'p/mIoU': 33.0, 'p/oracle_mIoU': 70.0},
    titles={'mIoU': 'mIoU ↑', 'frechet_judge': 'Fréchet distance, judge ↓', 'p/mIoU': 'p: mIoU ↑'},
    evaluators=[dict(type='SegmentationEvaluator', scores=['mIoU'], protocol=dict(
                     name='lakes-v1', size=[8, 8], num_images=5, weights_hash='ab',
                     judge=dict(type='Segmentor', checkpoint='x.pth', class_map=[0, 1]))),
                dict(type='FrechetDistance', scores=['frechet_judge'], protocol=dict(name=None, num_images=5)),
                dict(type='SegmentationEvaluator', scores=['p/mIoU'], protocol=dict(name=None, num_images=5))])


@pytest.fixture
def write(tmp_path):
    def write(name, **changes):
        report = copy.deepcopy(REPORT) | changes
        (tmp_path / f'{name}.json').write_text(json.dumps(report))
        return tmp_path / f'{name}.json'
    return write


def given():
    """A folder of images: judged elsewhere, by more scores of the same features, and made to fit."""
    evaluators = copy.deepcopy(REPORT['evaluators'][:2])
    evaluators[0]['protocol'] |= dict(fitted='5 of 5 resized', judge=dict(
        type='Segmentor', checkpoint='/other/x.pth', class_map=[0, 1]))
    evaluators[1] = dict(type='FeatureStatistics', scores=['frechet_judge', 'kernel_judge'],
                         protocol=dict(name=None, num_images=5, kernel='...'))
    return dict(images=dict(folder='/made/by diffusion'), judge='unknown: the images are given.', evaluators=evaluators,
                scores=dict(mIoU=39.0, frechet_judge=1.5, kernel_judge=0.125))


def rows(text):
    lines = [line for line in text.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]


def test_models_and_images_in_one_table(write, tmp_path):
    first, second = write('ours'), write('theirs', **given())
    text = compare([first, second], out=tmp_path / 'table.md')
    assert (tmp_path / 'table.md').read_text() == text
    assert rows(text) == [
        ['', 'mIoU ↑', 'Fréchet distance, judge ↓', 'p: mIoU ↑', 'kernel_judge'], ['---'] * 5,
        ['ecgan_lakes, iter_9', '41.23', '2.5', '33', '-'], ['images in by diffusion', '39', '1.5', '-', '0.125'],
        ['real images (oracle)', '60', '-', '70', '-']]
    assert '- 5 images each; protocol: lakes-v1.' in text and '5 of 5 resized' in text
    assert 'Judge of images in by diffusion: unknown' in text
    assert rows(compare([f'ECGAN={first}', f'A diffusion model={second}']))[3][0] == 'A diffusion model'


def test_what_rows_share_is_said_once(write):
    images = dict(folder='/made/x', surplus=4, surplus_names=['a', 'b', 'c'])
    evaluators = copy.deepcopy(REPORT['evaluators'])
    evaluators[1]['protocol'] |= dict(num_real_images=5, num_features=6)
    text = compare([f'{name}={write(name, images=images, evaluators=evaluators)}' for name in ('one', 'two')])
    assert text.count('Judge of one, two: independent: no loss') == text.count('independent') == 1
    assert text.count('- 5 images are few for a distance on 6 features (frechet_judge)') == 1
    assert 'one: 4 images of no layout left out: a, b, c and 1 more.' in text


@pytest.mark.parametrize(('place', 'change', 'reason'), [
    ('evaluators', lambda part: part[0]['protocol'].update(size=[4, 4]), 'size ([4, 4] and [8, 8])'),
    ('evaluators', lambda part: part[0]['protocol'].update(num_images=4), 'num_images (4 and 5)'),
    ('evaluators', lambda part: part[0]['protocol']['judge'].update(class_map=[1, 0]), 'class_map'),
    ('evaluators', lambda part: part[0].pop('scores'), 'older version'),
    ('scenes', lambda part: part.update(hash='bb'), 'on other scenes')])
def test_other_protocols_are_refused_or_marked(write, place, change, reason):
    changed = copy.deepcopy(REPORT[place])
    change(changed)
    files = [write('first'), f'other={write("other", **{place: changed})}']
    with pytest.raises(ValueError, match=facts('other.json', 'first.json', 'mIoU', reason, '--allow-unequal')):
        compare(files)
    text = compare(files, allow_unequal=True)
    assert rows(text)[3][1] == '41.23*' and reason in text and rows(text)[2][1] == '41.23'


def test_of_several_differences_the_first_of_the_protocol_is_told(write):
    changed = copy.deepcopy(REPORT['evaluators'])
    changed[0]['protocol'].update(name='other', size=[4, 4], num_images=4, weights_hash='cd', judge=None)
    text = compare([write('first'), f'other={write("other", evaluators=changed)}'], allow_unequal=True)
    assert 'with it; mIoU: name (other and lakes-v1).' in text


def test_mistakes(write, tmp_path):
    first = write('first')
    with pytest.raises(ValueError, match=facts('Two rows are called', 'ecgan_lakes, iter_9')):
        compare([first, write('second')])
    with pytest.raises(FileNotFoundError, match=facts('no result file', 'none.json')):
        compare([first, tmp_path / 'none.json'])
    for content in ('text', '{}', '[]', '{"scores": {}, "evaluators": []}'):
        (tmp_path / 'other.json').write_text(content)
        with pytest.raises(ValueError, match=facts('other.json', 'no result file')):
            compare([first, tmp_path / 'other.json'])
    with pytest.raises(ValueError, match='is read, and writing would replace it'):
        compare([first], out=first)
