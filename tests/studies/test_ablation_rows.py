import copy

import pytest
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from helpers import tiny_segmentor
from helpers.ablation import add
from helpers.facts import facts
from helpers.narrow import ROOT
from semsynth.config import merge_options, read_config, stage_configs
from semsynth.errors import DataError
from semsynth.segmentors.config import model_config
from semsynth.studies.ablation import ablate
from semsynth.studies.ablation.plan import check_batches, check_conditions, check_rows
from semsynth.studies.ablation.rows import Row, read_rows
from semsynth.studies.ablation.run import Run
from semsynth.weights import hash_weights
from semsynth.writing import write_whole


def test_rows_have_their_own_figures_and_order(folder):
    add(folder, 'c_more', "row = dict(title='more', order=1)")
    rows = read_rows(folder, {'train_cfg.max_iters': 7})
    assert [(row.name, row.title, dict(row.paper)) for row in rows] == [
        ('c_more', 'more', {}), ('b_full', 'full', dict(mIoU=70.5, FID=40)), ('a_less', 'a_less', {})]
    assert {row.config.train_cfg.max_iters for row in rows} == {7}
    (folder / '._b_full.py').write_bytes(b'\0\x05\x16\x07')  # as macOS leaves beside a file
    assert len(read_rows(folder)) == 3


@pytest.mark.parametrize(('text', 'message'), [
    ("row = dict(titel='x')", r"c\.py: row=\{'titel': 'x'\}, expected dict\(title=, order=, paper=, conditions=, like"),
    ('row = 3', 'c.py: row=3, expected'),
    ('row = dict(title=3)', r'c\.py: row: title=3, expected text\.'),
    ("row = dict(order='x')", "row: order='x', expected a number"),
    ("row = dict(paper=dict(mIoU='x'))", r"row: paper\.mIoU='x', expected a number"),
    ("row = dict(title=str(_base_.image_size))", r"c\.py: row must be written out in plain values \(name '_base_'"),
    ("row = dict(title='full')", 'b_full, c have one title'),
    ("row = dict(like='nowhere.py')", r'c\.py: row is like .*nowhere\.py, which is no file'),
    ("row = dict(like='c.py')", r'c\.py, which is this row itself: name the config of another row')])
def test_rows_that_cannot_be_read(folder, text, message):
    add(folder, 'c', text)
    with pytest.raises(ValueError, match=message):
        read_rows(folder)


def test_a_row_may_take_its_figures_from_another_one(folder):
    """Those of a judge that it has not stand without that judge's prefix."""
    (folder.parent / 'paper.py').write_text(
        "row = dict(title='as printed', order=3, paper={'pspnet/mIoU': 60, 'ours, %': 7})\n")
    add(folder, 'c_like', "row = dict(like='../paper.py', title='here')")
    row = next(row for row in read_rows(folder) if row.name == 'c_like')
    assert (row.name, row.title, row.order, row.paper) == ('c_like', 'here', 3, {'mIoU': 60, 'ours, %': 7})
    add(folder, 'd_judged', "import copy\ntest_evaluator = [dict(copy.deepcopy(_base_.test_evaluator[0]), "
        "prefix='pspnet')]\nrow = dict(like='../paper.py', title='there')")
    assert next(row for row in read_rows(folder) if row.name == 'd_judged').paper == {'pspnet/mIoU': 60, 'ours, %': 7}


def test_figures_of_its_own_are_added_to_those_of_another_row(folder):
    (folder.parent / 'paper.py').write_text("row = dict(title='x', conditions='table 1', paper=dict(mIoU=60, FID=7))\n")
    add(folder, 'c_like', "row = dict(like='../paper.py', paper={'FID': 8, 'pspnet/mIoU': 50})")
    row = next(row for row in read_rows(folder) if row.name == 'c_like')
    assert row.paper == {'mIoU': 60, 'FID': 8, 'pspnet/mIoU': 50} and row.conditions == 'table 1'


def test_a_row_that_is_left_out_says_why(folder):
    written = folder / 'left_out.yml'
    written.write_text('sims: {title: SIMS, order: 1, paper: {mIoU: 47.2}, conditions: table 2, reason: it is old}\n')
    row = read_rows(folder)[0]
    assert (row.name, row.title, row.paper, row.conditions, row.left_out) == (
        'sims', 'SIMS', dict(mIoU=47.2), 'table 2', 'it is old')
    for text, message in [('- sims', 'expected a row a key'), ('sims: {title: SIMS}', 'of which reason must be there'),
                          ('sims: {reason: x, like: y}', 'sims=.* expected title, order, paper, conditions, reason'),
                          ('sims: {reason: x, paper: 3}', r'left_out\.yml: sims: paper=3, expected')]:
        written.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_rows(folder)


def test_the_hash_of_the_settings_is_that_of_what_a_result_depends_on(folder):
    row = read_rows(folder)[0]
    same = [{'train_dataloader.num_workers': 3}, {'train_dataloader.dataset.data_root': '/elsewhere'},
            {'randomness.seed': 5}, {'train_cfg.val_interval': 7}, {'default_hooks.logger.interval': 3},
            {'work_dir': 'there'}, {'test_evaluator.0.judge.checkpoint': 'there.pth'}]
    other = [{'train_cfg.max_iters': 7}, {'model.losses.feature_matching.weight': 3},
             {'train_dataloader.batch_size': 3}, {'default_hooks.ema.momentum': 0.5},
             {'optim_wrapper.generator.optimizer.lr': 0.1}, {'precision': 'bfloat16'},
             {'test_dataloader.dataset.split': 'train'}]
    hashed = lambda options: Row('x', merge_options(copy.deepcopy(row.config), options), 'x').settings_hash
    assert [hashed(options) for options in same] == [row.settings_hash] * len(same)
    assert len({row.settings_hash, *map(hashed, other)}) == 1 + len(other)


@pytest.mark.parametrize(('options', 'words'), [
    ({}, '64x64, batch 2, 1 steps'),
    ({'test_dataloader.dataset.size': (None, 96), 'train_cfg.max_iters': None, 'train_cfg.max_epochs': 3},
     'anyx96, batch 2, 3 epochs')])
def test_a_row_s_own_conditions_in_words(folder, options, words):
    row = read_rows(folder)[0]
    merge_options(row.config, options)
    assert row.own_conditions == words
    assert row.judged_by.startswith('SegmentationEvaluator')
    merge_options(row.config, {'test_evaluator.0.protocol': 'city-v1'})
    assert row.judged_by.startswith('city-v1, FrechetDistance')


def test_a_folder_of_this_library_by_name():
    names = [row.name for row in read_rows('semsynth::ablations/pix2pixhd_toycity')]
    assert sorted(names) == sorted(path.stem for path in (ROOT / 'configs/ablations/pix2pixhd_toycity').glob('*.py'))


def test_folders_without_rows(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'There is no folder .*none: name one whose configs'):
        read_rows(tmp_path / 'none')
    with pytest.raises(ValueError, match='holds no config'):
        read_rows(tmp_path)


@pytest.mark.parametrize(('text', 'message'), [
    ('train_cfg = dict(max_iters=2)', r'c\.py and .*b_full\.py differ in train_cfg.max_iters \(2 and 1\)'),
    ('train_dataloader = dict(batch_size=3)', r'batch_size \(3 and 2\)'),
    ("train_dataloader = dict(dataset=dict(split='val'))", r'train_dataloader.dataset.split \(val and train\)'),
    ("test_dataloader = dict(dataset=dict(type='CityscapesDataset'))", r'test_dataloader.dataset.type \(City'),
    ("import copy\ntest_evaluator = [dict(type='FrechetInceptionDistance')]", r'differ in test_evaluator \('),
    ('train_dataloader = dict(drop_last=False)', r'train_dataloader.drop_last \(False and True\)'),
    ("load_from = 'other.pth'", r'load_from \(other.pth and None\)'),
    ('stages = [dict(train_dataloader=dict(batch_size=7)), dict()]', r'differ in train_cfg \(\[\{'),
    ('test_evaluator = optim_wrapper = None', r'c\.py has no optim_wrapper, test_evaluator, and a row of an ablation'),
    ('default_hooks = dict(checkpoint=dict(save_last=False))', r"c\.py: default_hooks.checkpoint=.* judges its last"),
    ('default_hooks = dict(checkpoint=None)', r'c\.py: default_hooks.checkpoint=None, but an ablation judges its last'),
    ('model = dict(_delete_=True, type="EncoderDecoder")', r'c\.py has no model.generator: it is of no')])
def test_unequal_conditions_are_refused(folder, text, message):
    add(folder, 'c', text)
    with pytest.raises(ValueError, match=message):
        check_conditions(read_rows(folder))


def test_the_stages_before_the_last_are_compared_too(folder):
    for name, size in (('c', 7), ('d', 8)):
        add(folder, name, f'stages = [dict(train_dataloader=dict(batch_size={size})), dict()]')
    rows = {row.name: row for row in read_rows(folder)}
    with pytest.raises(ValueError, match=r'd\.py and .*c\.py differ in train_dataloader.0.batch_size \(8 and 7\)'):
        check_conditions([rows['c'], rows['d']])


def test_what_a_method_reads_of_the_scenes_may_differ(folder):
    add(folder, 'c', 'train_dataloader = dict(num_workers=3, dataset=dict(edges=None, instances=False))')
    check_conditions(read_rows(folder))


@pytest.mark.parametrize(('text', 'error', 'message'), [
    ('model = dict(generator=dict(head=dict(edges=False)))', ValueError, 'EdgeGuidedHead: transfer=True reads'),
    ('model = dict(generator=dict(width=3))', TypeError, 'has no argument .width.'),
    ('optim_wrapper = dict(discriminator=None)', ValueError, 'param_scheduler has an entry for discriminator'),
    ("train_dataloader = dict(dataset=dict(edges=dict(folder='nowhere')))", DataError, 'have no edge map')])
def test_a_row_that_cannot_be_built_is_named(text, error, message, folder):
    add(folder, 'c', text)
    with pytest.raises(error, match=message) as caught:
        check_rows(read_rows(folder))
    assert caught.value.__notes__ == [f'(The row is {folder}/c.py.)']


def test_a_judge_that_is_a_label_generator_is_refused(folder, tmp_path):
    """Another file, another format; the same weights."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        network = MODELS.build(model_config(tiny_segmentor.config(12)))
    one, other = (tiny_segmentor.save(network, tmp_path / name, note=name) for name in ('one.pth', 'other.pth'))
    options = {'model.segmentor.checkpoint': one, 'test_evaluator.1.judge.checkpoint': other}
    with pytest.raises(ValueError, match=rf"b_full\.py: test_evaluator's frechet_judge has the very weights "
                                         rf'\({hash_weights(network)}\) of model.segmentor'):
        ablate(folder, out=tmp_path / 'out', cfg_options=options)
    assert not (tmp_path / 'out').exists()


def test_rows_of_unequal_precision_are_refused(folder):
    rows = read_rows(folder)
    rows[0].config.precision = 'bfloat16'
    with pytest.raises(ValueError, match=r'differ in precision \(float32 and bfloat16\)'):
        check_conditions(rows)


def test_the_batch_of_every_stage_is_shared(folder, tmp_path):
    row = read_rows(folder)[0]
    row.config.train_dataloader.batch_size = 4
    row.config.stages = [dict(train_dataloader=dict(batch_size=6)), {'train_dataloader.batch_size': 2}, dict()]
    whole = Run(row, 0, tmp_path, ranks=2).whole_config
    write_whole(tmp_path / 'whole.py', whole.pretty_text.encode())
    for config, sizes in (read_config(tmp_path / 'whole.py'), [3, 1, 2]), (row.config, [6, 2, 4]):
        assert [stage.train_dataloader.batch_size for stage in stage_configs(config)] == sizes
    alone = Run(row, 0, tmp_path).whole_config
    assert alone.stages == row.config.stages and 'gpus_per_run' not in alone.ablation
    check_batches([row], 2)
    with pytest.raises(ValueError, match=facts(
            'b_full.py', 'train_dataloader.batch_size=2', '--gpus-per-run 3', 'divides 2')):
        check_batches([row], 3)


@pytest.mark.slow
@pytest.mark.parametrize('name', ['ecgan', 'ecgan_toycity', 'ecgan_camvid', 'ecgan_edges', 'ecgan_edges_toycity',
                                  'pix2pixhd', 'pix2pixhd_toycity'])
def test_the_folders_of_the_papers(name):
    rows = read_rows(ROOT / 'configs/ablations' / name)
    check_conditions(rows)
    assert all(row.title != row.name for row in rows)
    if 'ecgan' in name:
        figures = [(row.title, row.paper['mIoU'], row.paper['aAcc'], row.paper['FID']) for row in rows]
        table_3 = [('E + Gi', 58.6, 81.4, 65.7), ('+ Ge', 60.2, 81.7, 61.0), ('+ Gt', 61.5, 82.0, 59.0),
                   ('+ Gs', 64.5, 82.5, 57.1), ('+ Gl', 66.8, 82.7, 52.2), ('+ Gc', 72.2, 83.1, 44.5)]
        appendix_d = [('Canny', 64.5, 82.5, 57.1), ('HED', 64.5, 82.3, 56.7)]
        assert figures == (appendix_d if 'edges' in name else table_3)
