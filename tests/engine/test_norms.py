import copy

import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch import nn
from torch.utils.data import DataLoader

from helpers.toy_run import ToyScenes, toy_config
from semsynth.data.draws import Draw
from semsynth.engine.ema import GeneratorEMAHook
from semsynth.engine.launch import build_runner
from semsynth.engine.norms import _first_batches
from semsynth.engine.sampler import ResumableSampler
from semsynth.layout import one_hot
from semsynth.seeds import mix
from semsynth.weights import load_checkpoint


@pytest.fixture
def runner(tmp_path):
    """After three steps, of which the last was saved, drawn and validated."""
    runner = build_runner(toy_config(**{'train_cfg.max_iters': 3, 'default_hooks.checkpoint.interval': 3}),
                          work_dir=tmp_path)
    runner.train()
    return runner


@pytest.fixture
def hook(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, GeneratorEMAHook))


def first_scenes(seed, count):
    """The scenes that training began with, by their seeds."""
    order = torch.randperm(10, generator=torch.Generator().manual_seed(mix(seed, 0))).tolist()
    return [ToyScenes()[Draw(order[place], mix(seed, 0, place))] for place in range(count)]


def test_saved_statistics_are_the_means_over_the_first_batches(runner):
    saved = load_checkpoint(f'{runner.work_dir}/iter_3.pth')
    average, trained = saved['state_dict'], saved['ema_state_dict']
    prefix = 'layer.parametrizations.weight'
    weight, u, v = average[f'generator.{prefix}.original'], *(
        trained[f'module.generator.{prefix}.0.{name}'] for name in ('_u', '_v'))
    matrix, means, variances = weight.flatten(1), [], []
    scenes = first_scenes(runner.seed, 4)
    for batch in (scenes[:2], scenes[2:]):
        label = torch.stack([scene['inputs']['label'] for scene in batch])
        label = nn.functional.pad(label[None].float(), (0, 0, 0, 2), mode='replicate')[0].long()  # 6x8 to 8x8
        u = nn.functional.normalize(matrix @ v, dim=0)
        v = nn.functional.normalize(matrix.T @ u, dim=0)
        out = nn.functional.conv2d(one_hot(label, 3), weight / (u @ matrix @ v), average['generator.layer.bias'],
                                   padding=1)
        means.append(out.mean((0, 2, 3)))
        variances.append(out.var((0, 2, 3)))
    for name, values in dict(running_mean=means, running_var=variances).items():
        expected = sum(values) / 2
        torch.testing.assert_close(average[f'generator.norm.{name}'], expected)
        assert (trained[f'module.generator.norm.{name}'] - expected).abs().max() > 1e-3
    counter = 'generator.norm.num_batches_tracked'
    assert (average[counter], trained[f'module.{counter}']) == (2, 3)


def test_the_average_brings_its_statistics_and_takes_them_away(runner, hook):
    trained = copy.deepcopy(runner.model.state_dict())
    saved = load_checkpoint(f'{runner.work_dir}/iter_3.pth')['state_dict']
    with hook.averaged():
        assert all(torch.equal(value, saved[name]) for name, value in runner.model.state_dict().items())
    assert all(torch.equal(value, trained[name]) for name, value in runner.model.state_dict().items())


def test_refreshing_leaves_the_random_state(hook):
    hook.is_fresh, state = False, torch.get_rng_state()
    with hook.averaged():
        assert torch.equal(torch.get_rng_state(), state) and hook.is_fresh


def test_it_is_refreshed_once_a_step(runner, hook, monkeypatch):
    calls = []
    monkeypatch.setattr('semsynth.engine.ema.refresh_norms', lambda *args: calls.append(args))
    hook.is_fresh = False
    for _ in range(2):
        with hook.averaged():
            pass
    assert len(calls) == 1
    hook.refresh, hook.is_fresh = 0, False
    with hook.averaged():
        pass
    hook.refresh = 2
    assert len(calls) == 1


@pytest.mark.parametrize('workers', [0, 1])
def test_the_batches_are_those_of_all_ranks(workers):
    dataset = ToyScenes()
    sampler = ResumableSampler(dataset, seed=5)
    sampler.rank, sampler.ranks = 1, 2
    loader = DataLoader(dataset, 3, sampler=sampler, num_workers=workers, collate_fn=pseudo_collate)
    batches = list(_first_batches(loader, 5, 2))
    images = [image for batch in batches for image in batch['inputs']['image']]
    expected = [scene['inputs']['image'] for scene in first_scenes(5, 10)]  # the first pass; two more of the second
    assert [len(batch['inputs']['image']) for batch in batches] == [6, 6]
    assert all(torch.equal(*pair) for pair in zip(images[:10], expected, strict=True))


def test_norms_of_the_average_wait_for_no_other_rank(tmp_path):
    runner = build_runner(toy_config(), work_dir=tmp_path)
    runner.model.generator = nn.SyncBatchNorm.convert_sync_batchnorm(runner.model.generator)
    hook = GeneratorEMAHook(refresh=2)
    hook.before_run(runner)
    assert not any(isinstance(module, nn.SyncBatchNorm) for module in hook.ema_model.modules())
    assert any(isinstance(module, nn.SyncBatchNorm) for module in runner.model.modules())
    hook.after_train_iter(runner, 0)
    assert hook.ema_model.module.state_dict().keys() == hook.src_model.state_dict().keys()
