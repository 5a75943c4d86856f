"""Memory of a step, by the sizes of its tensors."""

import gc
from functools import partial

import pytest
import torch

from helpers.narrow import SIZE, narrow
from semsynth.studies.benchmark import benchmark
from semsynth.studies.benchmark.measuring import _peak_on_cpu
from semsynth.studies.benchmark.memory import Ledger, card_for, step_memory
from semsynth.studies.benchmark.step import build, draw_batch

PIX2PIXHD = 'configs/pix2pixhd/pix2pixhd_toycity.py'
METHODS = ['ccfpse/ccfpse', 'clade/clade_icpe', 'crn/crn', 'dagan/dagan', 'dp_sims_style/dp_sims_style',
           'ecgan/ecgan_multimodal', 'inade/inade', 'lggan/lggan', 'oasis/oasis', 'pix2pix/pix2pix',
           'pix2pixhd/pix2pixhd_styles', 'spade/spade_vae']


def test_memory_is_added_up_as_tensors_come_and_go():
    ledger, weight = Ledger(), torch.ones(1000, device='meta', requires_grad=True)
    ledger.note(weight)
    ledger.note(weight.detach())  # the same memory
    assert ledger.now == 4000
    with ledger:
        x = weight * 2
        view = x[:10]
        y = x.exp()
        assert ledger.now == 12000
        del x
        assert ledger.now == 12000  # for the view
        del view
        assert ledger.now == 8000 and ledger.peak == 12000
        loss = (y * y).sum()  # y is kept for the backward pass, its square is not
        assert ledger.now == 8004
        del y
        loss.backward()
        del loss
        assert weight.grad is not None and ledger.now == 8000  # the weight and its gradient
        ledger.peak = ledger.now
        torch.ones(500)  # elsewhere
        weight.grad = None
        assert (ledger.now, ledger.peak) == (4000, 8000)


@pytest.mark.parametrize('path', [PIX2PIXHD, pytest.param('configs/ecgan/ecgan_toycity.py', marks=pytest.mark.slow)])
def test_a_step_takes_what_it_takes_on_a_cpu(path):
    config, size = narrow(path, 'nowhere'), (SIZE, 2 * SIZE)
    model, players = build(config, 'float32', 'cpu')
    data = draw_batch(model, size, 2)
    step = partial(model.train_step, data, players)
    step()
    gc.collect()
    assert step_memory(config, size, 2).step == pytest.approx(_peak_on_cpu(step), rel=0.15)
    weights = sum(each.nbytes for each in model.parameters())
    assert step_memory(config, size, 2).kept > 3 * weights  # with both moments of Adam


def test_a_batch_in_parts_takes_little_more_than_a_part():
    def needed(images, part=None):
        config = narrow(PIX2PIXHD, 'nowhere', **{'model.micro_batch': part})
        return step_memory(config, (SIZE, 2 * SIZE), images).step

    one = needed(1)
    assert needed(4) > 2.5 * one and needed(4, 1) < 1.4 * one


@pytest.mark.slow
@pytest.mark.parametrize('method', METHODS)
def test_every_method_can_be_added_up(method):
    needed = step_memory(narrow(f'configs/{method}_toycity.py', 'nowhere'), (SIZE, SIZE), 2)
    assert needed.kept > 0 and needed.step > 0


def test_the_table_names_a_card():
    config = narrow(PIX2PIXHD, 'nowhere', **{'model.micro_batch': 1})
    *_, headings, _, row = benchmark('memory', configs=[config], size=(SIZE, SIZE), batch_size=2).splitlines()
    found = dict(zip(*([cell.strip() for cell in line.strip('|').split('|')] for line in (headings, row)), strict=True))
    assert (found['size'], found['batch'], found['micro_batch'], found['card, GB']) == (f'{SIZE}x{SIZE}', '2', '1', '8')
    kept, step, whole = (float(found[f'{name}, GB']) for name in ('kept', 'a step', 'in all'))
    assert whole == pytest.approx(kept + step, abs=0.02)
    assert [card_for(each) for each in (5.4, 9.3, 15, 20.1, 200)] == ['8', '16', '24', '32', 'none']
