import pytest
import torch
from torch.nn.utils import parametrize

from helpers.narrow import SIZE, narrow
from semsynth.studies.benchmark import benchmark
from semsynth.studies.benchmark.step import VERSIONS, build, draw_batch


def make(name, version):
    """Each with optimisers that rounding cannot turn round, and singular values that iterate no further."""
    config = narrow(f'configs/{name}.py', 'nowhere')
    for player in filter(None, map(config.optim_wrapper.get, ('generator', 'discriminator'))):
        player.optimizer = dict(type='SGD', lr=0.01)
    model, players = build(config, version, 'cpu')
    with torch.no_grad():
        for layer in model.modules():
            for _ in range(300 if parametrize.is_parametrized(layer) else 0):
                layer.weight  # noqa: B018
    return model, players


# Two scales of losses; views of edges, spectral norms and a memory; outputs made anew, batch norm.
@pytest.mark.parametrize('name', [
    'pix2pixhd/pix2pixhd_global_cityscapes_512x1024', 'crn/crn_toycity',
    *(pytest.param(name, marks=pytest.mark.slow) for name in ('ecgan/ecgan_toycity', 'spade/spade_toycity'))])
def test_a_step_is_the_plain_one(name):
    (ours, players), (plain, their_players) = (make(name, version) for version in ('float32', 'plain'))
    before = {key: value.clone() for key, value in ours.state_dict().items()}
    data = draw_batch(ours, (SIZE, SIZE), 2)
    torch.manual_seed(1)
    losses = ours.train_step(data, players)
    torch.manual_seed(1)
    expected = plain.train_step(data, their_players)
    assert list(losses) == list(expected) and all(map(torch.isfinite, losses.values()))
    torch.testing.assert_close(losses, expected, rtol=1e-4, atol=1e-5)
    changes = {key: (value.detach() - before[key], plain.get_parameter(key).detach() - before[key])
               for key, value in ours.named_parameters()}
    most = max(theirs.abs().max() for _, theirs in changes.values())
    assert most > 1e-4
    for key, (change, theirs) in changes.items():  # a bias before a norm changes by rounding alone
        torch.testing.assert_close(change, theirs, rtol=0, atol=float(1e-3 * theirs.abs().max() + 1e-5 * most), msg=key)


@pytest.mark.slow
def test_every_version_is_in_the_table():
    config = narrow('configs/pix2pixhd/pix2pixhd_toycity.py', 'nowhere')
    text = benchmark('step', 'cpu', 1, configs=[config], size=(SIZE, SIZE), batch_size=2)
    headings, _, *rows = ([cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines()[2:])
    rows = [dict(zip(headings, row, strict=True)) for row in rows]
    assert [row['version'] for row in rows] == list(VERSIONS)
    assert all(row['size'] == f'{SIZE}x{SIZE}' and row['batch'] == '2' and int(row['MB']) > 0 for row in rows)
    for row in rows:
        assert float(row['images/s']) == pytest.approx(2000 / float(row['ms']), rel=0.02)
    exact, loose = ([float(row['difference']) for row in rows if row['version'] in names] for names in (
        ('float32', 'channels_last'), ('bfloat16', 'bfloat16_channels_last')))
    assert max(exact) < 1e-5 < min(loose) <= max(loose) < 0.1


def test_an_unknown_version():
    with pytest.raises(ValueError, match=r"versions=\['quick'\], but there are only plain, float32"):
        benchmark('step', 'cpu', 1, configs=[], versions=['quick'])


@pytest.mark.gpu
@pytest.mark.parametrize('version', ['float32', 'bfloat16', 'bfloat16_channels_last'])
@pytest.mark.parametrize('name', ['pix2pixhd/pix2pixhd_toycity', 'ecgan/ecgan_toycity', 'spade/spade_toycity'])
def test_a_step_on_a_gpu(name, version):
    model, players = build(narrow(f'configs/{name}.py', 'nowhere'), version, 'cuda')
    losses = model.train_step(draw_batch(model, (SIZE, SIZE), 2), players)
    assert all(loss.is_cuda and loss.isfinite() for loss in losses.values())
