from collections import Counter

import pytest
import torch
from torch import nn

from helpers.narrow import SIZE, narrow
from semsynth.losses.pixel import l1
from semsynth.studies.benchmark import benchmark
from semsynth.studies.benchmark.imagined_gpu import DEVICE, imagined_gpu
from semsynth.studies.benchmark.launches import _Counter


def count(run):
    """What ``run`` asks of a GPU, with the network and the input that it is given there already."""
    counter = _Counter()
    with imagined_gpu(counter.record):
        network, x = nn.Conv2d(2, 2, 1, bias=False).to(DEVICE), torch.ones(1, 2, 4, 4).to(DEVICE)
        counter.found.clear()
        run(network, x)
    return counter.found


def of_kind(found, kind):
    return Counter(launch.operation for launch in found if launch.kind == kind)


def test_a_step_counted_by_hand():
    def step(network, x):
        optimizer = torch.optim.Adam(network.parameters(), fused=True)
        with torch.autocast('cuda', torch.bfloat16):
            y = network(x)
        l1(y, x).backward()
        optimizer.step()

    found = count(step)
    assert of_kind(found, 'cast') == {'_to_copy': 5}  # input, weight and output; gradients of output and weight
    assert of_kind(found, 'kernel') == {
        'convolution': 1, 'sub': 1, 'abs': 1, 'mean': 1, 'ones_like': 1, 'div': 1, 'sgn': 1, 'mul': 1,
        'convolution_backward': 1, 'zeros': 1, 'zeros_like': 2, '_foreach_add_': 1, '_fused_adam_': 1}
    assert of_kind(found, 'view') == {'expand': 1} and not of_kind(found, 'copy')
    assert not any(launch.waits for launch in found)
    by_line = Counter((launch.line.partition(':')[0], launch.operation) for launch in found)
    for operation, line in dict(sub='losses/pixel.py', sgn='backward of losses/pixel.py', convolution='elsewhere',
                                convolution_backward='backward of elsewhere').items():
        assert by_line[line, operation] == 1


def test_moments_of_many_weights_are_updated_at_once():
    def step(network, x):
        weights = [nn.Parameter(torch.ones(2, device=DEVICE)) for _ in range(9)]
        sum(weight.sum() for weight in weights).backward()
        optimizer = torch.optim.Adam(weights)
        optimizer.step()
        before.append(len(counted))
        optimizer.step()

    counter, before = _Counter(), []
    counted = counter.found
    with imagined_gpu(counter.record):
        step(None, None)
    assert 0 < len(counted) - before[0] < 9 * 2
    assert all('_foreach' in launch.operation for launch in counted[before[0]:])


@pytest.mark.parametrize(('run', 'operation', 'kind', 'waits'), [
    (lambda x: x.item(), '_local_scalar_dense', 'kernel', True),
    (lambda x: bool(x), '_local_scalar_dense', 'kernel', True),
    (lambda x: x.tolist(), '_to_copy', 'copy', True),
    (lambda x: x.cpu(), '_to_copy', 'copy', True),
    (lambda x: x.to('cpu', non_blocking=True), '_to_copy', 'copy', False),
    (lambda x: torch.ones(3).to(x.device), '_to_copy', 'copy', True),
    (lambda x: torch.ones(3).to(x.device, non_blocking=True), '_to_copy', 'copy', False),
    (lambda x: x.copy_(torch.zeros(1)), 'copy_', 'copy', True),
    (lambda x: x.copy_(torch.zeros(1), non_blocking=True), 'copy_', 'copy', False),
    (lambda x: x.to(torch.bfloat16), '_to_copy', 'cast', False),
    (lambda x: x.nonzero(), 'nonzero', 'kernel', True),
    (lambda x: x.unique(), '_unique2', 'kernel', True),
    (lambda x: x[x > 0], 'index', 'kernel', True),
    (lambda x: x[x.long() - 1], 'index', 'kernel', False),
    (lambda x: x.view(1, 1), 'view', 'view', False),
    (lambda x: torch.empty_like(x), 'empty_like', 'view', False),
    (lambda x: x + 1, 'add', 'kernel', False),
])
def test_kinds_and_waits(run, operation, kind, waits):
    launch = count(lambda network, x: run(torch.ones(1, device=DEVICE)))[-1]
    assert (launch.operation, launch.kind, launch.waits) == (operation, kind, waits)


@pytest.mark.slow
def test_the_tables():
    config = narrow('configs/pix2pixhd/pix2pixhd_toycity.py', 'nowhere')
    text = benchmark('launches', configs=[config], size=(SIZE, SIZE), versions=['float32', 'bfloat16'], rows=3)
    note, summary, _, by_operation, _, by_line, _, waits = text.split('\n\n')
    assert 'cuda:0' in note and waits == 'Nowhere.'
    summary, by_operation, by_line = ([[cell.strip() for cell in line.strip('|').split('|')]
                                       for line in table.splitlines()] for table in (summary, by_operation, by_line))
    rows = [dict(zip(summary[0], row, strict=True)) for row in summary[2:]]
    assert [row['version'] for row in rows] == ['float32', 'bfloat16']
    assert all(row['size'] == f'{SIZE}x{SIZE}' and row['batch'] == '1' and row['waits'] == '0' for row in rows)
    assert int(rows[0]['kernels']) > 100 and int(rows[0]['of these casts']) < int(rows[1]['of these casts'])
    assert by_operation[0] == ['operation', 'float32', 'bfloat16'] and len(by_operation) == len(by_line) == 5
    assert by_line[2][0].removeprefix('backward of ').split('/')[0] in ('discriminators', 'layers', 'losses')


def test_mistakes():
    with pytest.raises(ValueError, match=r"versions=\['quick'\], but there are only plain, float32"):
        benchmark('launches', configs=[], versions=['quick'])
