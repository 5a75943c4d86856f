"""The figures in the docs are those of the single runs in ``docs/results/``."""

import json
from pathlib import Path
from statistics import mean, stdev

import pytest

DOCS = Path(__file__).parents[1] / 'docs'
DIGITS = dict(mIoU=1, aAcc=1, frechet_judge=2, frechet_efficientnet_lite0=0, frechet_efficientnet_lite1=0)
"""Of each score, as the pages have them; the order is that of their columns."""
TITLES = {
    'discriminators_toycity': dict(
        spade='SPADE', ecgan='ECGAN', oasis='OASIS', dp_sims_style='DP-SIMS style',
        oasis_generator="OASIS's generator, frozen network", oasis_discriminator="label encoder, OASIS's discriminator",
        pix2pixhd_generator="pix2pixHD's generator, frozen network", ecgan_frozen_network='ECGAN, frozen network',
        dp_sims_style_label_generator='DP-SIMS style, label generator'),
    'edge_branch_toycity': dict(
        e_gi='E + Gi', e_gi_ge='+ Ge', weight_01='+ Ge, edge view 0.1', weight_0001='+ Ge, edge view 0.001',
        two_discriminators='+ Ge, two discriminators', gt='+ Gt', gt_weight_01='+ Gt, edge view 0.1'),
    'upsampling_toycity': dict(nearest='nearest neighbour', bilinear='bilinear'),
    'perceptual_camvid': dict(label_generator="the label generator's features",
                              efficientnet_lite0="EfficientNet-Lite0's features")}


def cell(values, digits):
    spread = f' ± {stdev(values):.{digits}f}' if len(values) > 1 else ''
    return f'{mean(values):.{digits}f}{spread}'


def rows(page):
    """The cells of all tables of a page; brackets around a cell do not count."""
    lines = (DOCS / page).read_text(encoding='utf-8').splitlines()
    return [[each.strip().strip('()') for each in line.strip('|').split('|')] for line in lines if line.startswith('|')]


@pytest.mark.parametrize('study', TITLES)
def test_tables_of_small_runs(study):
    assert {path.parent.name for path in (DOCS / 'results' / study).glob('*/seed_*.json')} == TITLES[study].keys()
    for row, title in TITLES[study].items():
        runs = [json.loads(path.read_text()) for path in sorted((DOCS / 'results' / study / row).iterdir())]
        scores = [cell([run['scores'][name] for run in runs], digits) for name, digits in DIGITS.items()
                  if name in runs[0]['scores']]
        assert [title, ', '.join(str(run['seed']) for run in runs), *scores] in rows('results.md')


def test_the_table_of_synthetic_data():
    study = json.loads((DOCS / 'results/synthetic_toycity_100_dp_sims_style/results.json').read_text())
    titles = dict(real='real photos', synthetic='synthetic images', both='both, half and half',
                  real_longer='real photos for longer')
    assert study['arms'].keys() == titles.keys()
    for arm, title in titles.items():
        scores = study['arms'][arm]
        assert [title, str(scores['steps']), *(cell(scores[name]['values'], 1) for name in ('mIoU', 'aAcc'))] in rows(
            'synthetic_data.md')
