"""configs/comparisons: the tables of the papers, each row a method's own config."""

import pytest
import torch
from mmengine.registry import DefaultScope

from helpers.narrow import ROOT
from semsynth.config import load_config, read_config
from semsynth.engine.launch import check_trainable
from semsynth.registry import GENERATORS
from semsynth.studies.ablation import tabulate
from semsynth.studies.ablation.plan import check_conditions, config_differences
from semsynth.studies.ablation.rows import read_rows

FOLDERS = ROOT / 'configs/comparisons'
# ECGAN, table 2: mIoU, accuracy, FID; and table 1: how many, in percent, prefer ECGAN.
TABLES = {
    'cityscapes': {
        'CRN': (52.4, 77.1, 104.7, 88.8), 'SIMS': (47.2, 75.5, 49.7, 85.3), 'pix2pixHD': (58.3, 81.4, 95.0, 87.2),
        'DAGAN': (66.1, 82.6, 60.3, 81.8), 'LGGAN': (68.4, 83.0, 57.7, 78.4), 'CC-FPSE': (65.5, 82.3, 54.3, 79.5),
        'SPADE (GauGAN)': (62.3, 81.9, 71.8, 84.7), 'OASIS': (69.3, None, 47.7, 76.7),
        'ECGAN': (72.2, 83.1, 44.5, None)},
    'ade20k': {
        'CRN': (22.4, 68.8, 73.3, 94.8), 'pix2pixHD': (20.3, 69.2, 81.8, 93.6), 'DAGAN': (40.5, 81.6, 31.9, 86.2),
        'LGGAN': (41.6, 81.8, 31.6, 82.7), 'CC-FPSE': (43.7, 82.9, 31.7, 85.1),
        'SPADE (GauGAN)': (38.5, 79.9, 33.9, 88.4), 'OASIS': (48.8, None, 28.3, 80.6),
        'ECGAN': (50.6, 83.1, 25.8, None)},
    'coco_stuff': {
        'CRN': (23.7, 40.4, 70.4, 95.3), 'pix2pixHD': (14.6, 45.8, 111.5, 93.9), 'CC-FPSE': (41.6, 70.7, 19.2, 86.7),
        'SPADE (GauGAN)': (37.4, 67.9, 22.6, 90.8), 'OASIS': (44.1, None, 17.0, 82.5),
        'ECGAN': (46.3, 70.5, 15.7, None)}}
# pix2pixHD, table 1, in percent: mIoU, accuracy.
TABLE_1 = {'pix2pix': (39.48, 78.34), 'CRN': (34.83, 70.55), 'pix2pixHD': (63.89, 83.78)}
NAMES = ('mIoU', 'aAcc', 'FID', 'ECGAN preferred, %')
OTHERS = {'ECGAN, contrast at several scales', 'CLADE', 'CLADE with positions', 'INADE', 'DP-SIMS style'}
"""Rows that ECGAN's tables do not have."""


def figures(paper, names):
    return tuple(paper.get(name) for name in names)


@pytest.mark.parametrize('name', TABLES)
def test_the_figures_are_those_of_ecgan(name):
    rows = {row.title: row for row in read_rows(FOLDERS / name) if row.title not in OTHERS}
    of_paper = {title: figures(row.paper, NAMES) for title, row in rows.items() if row.paper}
    assert of_paper == TABLES[name] and list(of_paper) == list(TABLES[name])
    for row in rows.values():
        assert row.conditions or not row.paper
    assert (name == 'cityscapes') == any(row.left_out for row in rows.values())


def test_the_figures_are_those_of_pix2pixhd():
    """ToyCity's rows have none: their data, their size and their judge are others."""
    rows = {row.title: row for row in read_rows(FOLDERS / 'cityscapes_512x1024')}
    assert {title: figures(row.paper, ['pspnet/mIoU', 'pspnet/aAcc']) for title, row in rows.items()} == TABLE_1
    toy = {row.title: row for row in read_rows(FOLDERS / 'toycity')}
    assert set(toy) >= {*TABLE_1, *TABLES['cityscapes']} - {'SIMS'}
    assert not any(row.paper or row.conditions for row in toy.values())


@pytest.mark.parametrize('name', [*TABLES, 'cityscapes_512x1024', 'toycity'])
def test_rows_are_the_methods_own_configs(name):
    """On ToyCity all have equally many steps. What else is unequal stands in the table."""
    rows = [row for row in read_rows(FOLDERS / name) if not row.left_out]
    check_conditions(rows, allow_unequal=name not in ('cityscapes_512x1024', 'toycity'))
    unequal = {key for row in rows for key in row.unequal}
    assert unequal <= {'train_dataloader.batch_size', 'train_cfg.max_epochs'}
    for row in rows:
        own = row.config.to_dict()
        [base] = [line for line in (FOLDERS / name / f'{row.name}.py').read_text().splitlines() if '_base_ =' in line]
        base = read_config((FOLDERS / name / base.split("'")[1]).resolve()).to_dict()
        assert {key for key, *_ in config_differences(own, base) if not key.startswith('row')} <= {
            'train_cfg.max_iters', 'train_cfg.val_interval', 'model.losses.contrastive.scales'}


def test_all_judges_of_a_folder_are_those_of_its_data_set():
    for name in (*TABLES, 'cityscapes_512x1024'):
        judge = 'cityscapes_pspnet' if '512' in name else name
        of_data = read_config(ROOT / f'configs/_base_/judges/{judge}.py').test_evaluator
        for row in read_rows(FOLDERS / name):
            assert row.left_out or row.config.test_evaluator == of_data


@pytest.mark.parametrize('name', [*TABLES, 'cityscapes_512x1024', 'toycity'])
def test_every_row_can_be_trained(name):
    for row in read_rows(FOLDERS / name):
        if not row.left_out:
            check_trainable(load_config(row.config))


@pytest.mark.parametrize('path', ['crn_cityscapes_256x512', 'crn_ade20k', 'crn_coco_stuff'])
def test_crn_has_a_module_at_every_size(path):
    """From 4 pixels of height on, with the widths that the paper has at these sizes."""
    config = load_config(ROOT / f'configs/crn/{path}.py')
    widths = list(config.model.generator.widths)
    assert 4 * 2**(len(widths) - 1) == config.image_size[0] == 256
    assert widths == [1024] * 5 + [512, 512] and not config.model.data_preprocessor.get('instances')


@pytest.mark.parametrize(('path', 'channels'), [
    ('global_cityscapes_256x512', 36), ('ade20k_256x256', 151), ('coco_stuff', 184)])
def test_pix2pixhd_is_the_same_on_all_data(path, channels):
    """Only the first convolution, 7x7 to 64 channels, depends on the number of classes and the boundary map."""
    config = load_config(ROOT / f'configs/pix2pixhd/pix2pixhd_{path}.py')
    whole = load_config(ROOT / 'configs/pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py')
    for part in ('generator', 'discriminator', 'losses'):
        assert config.model[part] == whole.model[part]
    assert config.optim_wrapper == whole.optim_wrapper
    layouts = config.model.data_preprocessor
    assert channels == layouts.num_classes + bool(layouts.get('instances'))
    with DefaultScope.overwrite_default_scope('semsynth'), torch.device('meta'):
        generator = GENERATORS.build(dict(config.model.generator.to_dict(), in_channels=channels))
    assert sum(each.numel() for each in generator.parameters()) == 182_546_755 + (channels - 36) * 7 * 7 * 64


@pytest.mark.slow
@pytest.mark.parametrize('name', [*TABLES, 'cityscapes_512x1024', 'toycity'])
def test_the_table_without_any_result(name, tmp_path):
    text = tabulate(FOLDERS / name, tmp_path, seeds=(0, 1, 2), allow_unequal=True)
    rows = read_rows(FOLDERS / name)
    assert all(f'| {row.title} | not run |' in text for row in rows)
    assert all(f'{row.title} (`{row.name}`)' in text for row in rows if not row.left_out)
    assert '--jobs 1 --seeds 0 1 2' in text and '--rows crn' not in text
    assert ('- SIMS: not run; it composes images' in text) == (name == 'cityscapes')
