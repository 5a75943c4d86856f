import copy

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper, OptimWrapperDict

from helpers.narrow import SIZE, narrow
from helpers.stubs import StubAdversarial, batch, config, players
from helpers.tape import TapedGraph
from semsynth.losses.base import Loss
from semsynth.models import captured
from semsynth.models.captured import WARM_UP
from semsynth.registry import LOSSES, MODELS
from semsynth.studies.benchmark.launches import count_step
from semsynth.studies.benchmark.step import build, draw_batch

ADAM = dict(lr=0.1, eps=1.0, fused=True)  # whose steps do not enlarge what is rounding alone


@pytest.fixture
def graphs(monkeypatch):
    """The graphs that are made, of a CPU's operations."""
    monkeypatch.setattr(TapedGraph, 'made', [])
    monkeypatch.setattr(captured, 'CudaGraph', TapedGraph)
    return TapedGraph.made


@pytest.fixture
def lines(monkeypatch):
    """What is logged."""
    lines = []
    monkeypatch.setattr(captured, 'print_log', lambda text, **options: lines.append(text))
    return lines


def pair(**changes):
    """The same model twice, without and with graphs, and its optimisers."""
    plain, graphed = MODELS.build(config(**changes)), MODELS.build(config(graphs=True, **changes))
    graphed.load_state_dict(plain.state_dict())
    return [(model, players(model, torch.optim.Adam, **ADAM)) for model in (plain, graphed)]


def train(model, wrappers, batches, rates=(), first=0):
    """Steps as the engine makes them: with random states of their own, and learning rates of a schedule."""
    logs = []
    for number, data in list(enumerate(batches))[first:]:
        torch.manual_seed(number)
        for wrapper in wrappers.values() if rates else ():
            wrapper.param_groups[0]['lr'] = rates[number]
        logs.append(model.train_step(data, wrappers))
    return logs


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):  # the model, the optimisers
        torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=1e-5, atol=1e-7)


def load(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        one.load_state_dict(copy.deepcopy(other.state_dict()))


def test_a_graph_does_what_the_steps_do(graphs):
    """Other batches and learning rates at each step; losses that were logged stay as they were."""
    plain, graphed = pair()
    batches, rates = [batch() for _ in range(8)], [0.1 / (number + 1) for number in range(8)]
    expected = train(*plain, batches, rates)
    logs = train(*graphed, copy.deepcopy(batches), rates)
    torch.testing.assert_close(logs, expected, rtol=1e-5, atol=1e-6)
    assert_equal(graphed, plain)
    graph, = graphs
    assert graph.events == ['warm up'] * WARM_UP + ['capture'] + ['replay'] * (8 - WARM_UP)
    assert graphed[0].generator.calls == WARM_UP + 1
    assert all(parameter.grad is None for parameter in graphed[0].parameters())


def test_a_batch_in_parts(graphs):
    (plain, optimisers), graphed = pair(micro_batch=1)
    batches = [batch() for _ in range(WARM_UP + 3)]
    torch.testing.assert_close(train(*graphed, batches), train(plain, optimisers, batches), rtol=1e-5, atol=1e-6)
    assert_equal(graphed, (plain, optimisers))
    assert graphs[0].events[-3:] == ['replay'] * 3


def test_optimisers_are_to_others_as_without_a_graph(graphs):
    _, (model, wrappers) = pair()
    train(model, wrappers, [batch() for _ in range(WARM_UP + 2)])
    for wrapper in wrappers.values():
        group = wrapper.optimizer.state_dict()['param_groups'][0]
        assert group['lr'] == 0.1 and not group['capturable']


def test_training_goes_on_from_a_graphs_checkpoint(graphs):
    """With and without a graph, as if it had not been interrupted."""
    batches = [batch() for _ in range(2 * WARM_UP + 5)]
    first = WARM_UP + 2
    plain, graphed = pair()
    train(*plain, batches)
    train(*graphed, batches[:first])
    for resumed in pair():
        load(resumed, graphed)
        train(*resumed, batches, first=first)
        assert_equal(resumed, plain)
    assert [graph.events.count('replay') for graph in graphs] == [2, len(batches) - first - WARM_UP]


def test_norms_of_gradients_are_logged(graphs):
    from semsynth.engine.optim import PlayerOptimWrapper
    norms = {}
    for name, (model, wrappers) in zip(('plain', 'graphed'), pair(), strict=True):
        wrappers = OptimWrapperDict(**{player: PlayerOptimWrapper(wrapper.optimizer, clip_grad=dict(max_norm=0.1))
                                       for player, wrapper in wrappers.items()})
        norms[name] = []
        torch.manual_seed(0)
        for data in [batch() for _ in range(WARM_UP + 3)]:
            model.train_step(data, wrappers)
            norms[name].append(wrappers['generator'].grad_norm.clone())
    torch.testing.assert_close(norms['graphed'], norms['plain'])


# Two sizes of image; a memory and draws; outputs made anew, a latent, batch norm; a mask that is drawn. From LGGAN on:
# class-specific images; attentions; connected components; objects' noise; a frozen backbone; augmentation that adapts.
CONFIGS = {
    'pix2pixhd/pix2pixhd_global_cityscapes_512x1024': {},
    'ecgan/ecgan_multimodal_cityscapes': {'model.losses.similarity.stride': 4},
    'spade/spade_vae_cityscapes': {}, 'oasis/oasis_cityscapes': {}, 'ccfpse/ccfpse_vae_cityscapes': {},
    'crn/crn_cityscapes': {}, 'pix2pixhd/pix2pixhd_styles_cityscapes_512x1024': {},
    'lggan/lggan_toycity': {}, 'dagan/dagan_toycity': {}, 'clade/clade_icpe_toycity': {}, 'inade/inade_toycity': {},
    'dp_sims_style/dp_sims_style_toycity': {}, 'ablations/few_images_camvid/n50_adaptive': {}}
every_method = pytest.mark.parametrize('name', [
    pytest.param(name, marks=[] if name.startswith('crn') else pytest.mark.slow) for name in CONFIGS])


def fused(name, precision, version, device):
    """A method, narrowed, and its optimisers, which can be captured and do not make rounding into steps (``eps``)."""
    cfg = narrow(f'configs/{name}.py', 'nowhere', **CONFIGS.get(name, {}))
    for player in cfg.optim_wrapper.values():
        if isinstance(player, dict):
            player.optimizer = dict(type='Adam', lr=0.1, betas=(0.5, 0.999), eps=1.0, fused=True)
    return build(cfg, precision + version, device)


def shifted(model, count):
    """Batches that differ."""
    batches = [draw_batch(model, (SIZE, SIZE), 2) for _ in range(count)]
    for number, data in enumerate(batches):
        data['inputs'] = {key: [part.roll(number, -1) for part in parts] for key, parts in data['inputs'].items()}
    return batches


@pytest.mark.parametrize('precision', ['float32', 'bfloat16'])
@every_method
def test_methods_as_a_gpu_computes_them(name, precision, graphs, lines, monkeypatch):
    """Where code asks for the device, it takes the GPU's way."""
    from semsynth.ops import class_specific, components, instance
    from semsynth.ops.similarity import exact, tiled
    monkeypatch.setattr(captured, 'WARM_UP', 1)
    monkeypatch.setattr(class_specific, '_in_blocks', lambda features: True)
    monkeypatch.setattr(exact, 'evaluation', lambda *args: tiled.evaluate)
    monkeypatch.setattr(class_specific, '_in_blocks', lambda features: True)
    monkeypatch.setattr(components, '_walked', components._spread_about)
    monkeypatch.setattr('semsynth.layers.tables.ADDING', ())
    monkeypatch.setattr(instance, '_number', lambda ids: (instance._number_pixels(ids), ids.numel()))
    monkeypatch.setattr('semsynth.segmentors.base.Segmentor.to_classes', lambda self, label: self.table[label])
    results = []
    for version in ('', '_graphs'):
        model, wrappers = fused(name, precision, version, 'cpu')
        results.append((train(model, wrappers, shifted(model, 3)), model.state_dict()))
    assert not lines and graphs[0].events == ['warm up', 'capture', 'replay', 'replay']
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-5)


@every_method
def test_on_a_gpu_a_whole_step_reads_nothing_from_it(name):
    """Nor does it take from the host what is no input: a graph would take it from there again."""
    launches = count_step(narrow(f'configs/{name}.py', 'nowhere', **CONFIGS[name]), (SIZE, SIZE), 2, 'bfloat16')
    assert not [launch for launch in launches if launch.waits]
    assert all(launch.line.startswith('data/preprocessor.py') for launch in launches if launch.kind == 'copy')


def sizes(count):
    """Batches of which one is larger, when there is a graph already."""
    return [batch(size=(6, 5) if number == count - 2 else (4, 5)) for number in range(count)]


WAYS_OUT = {  # what is to be logged: optimisers, batches, a change of the model
    'graphs are for GPUs, and the model is on the CPU': dict(device='cuda'),
    'StubAdversarial waits for the weather': dict(waits='the weather'),
    'optim_wrapper.generator is no fused Adam': dict(adam=dict(lr=0.1, eps=1.0)),
    'optim_wrapper.generator updates only every 2 steps': dict(wrapper=dict(accumulative_counts=2)),
    'the sizes of batches vary': dict(batches=sizes(WARM_UP + 4))}


@pytest.mark.parametrize('text', WAYS_OUT)
def test_where_there_can_be_no_graph_steps_are_as_without_and_the_log_says_why(text, graphs, lines, monkeypatch):
    way = WAYS_OUT[text]
    monkeypatch.setattr(TapedGraph, 'device', way.get('device', 'cpu'))
    monkeypatch.setattr(StubAdversarial, 'waits_for', way.get('waits'))
    results, batches = [], way.get('batches') or [batch() for _ in range(WARM_UP + 3)]
    for model, wrappers in pair():
        wrappers = OptimWrapperDict(**{player: OptimWrapper(
            torch.optim.Adam(wrapper.param_groups[0]['params'], **way.get('adam', ADAM)), **way.get('wrapper', {}))
            for player, wrapper in wrappers.items()})
        results.append((train(model, wrappers, batches), model.state_dict()))
    torch.testing.assert_close(results[1], results[0], rtol=1e-5, atol=1e-6)
    line, = lines
    assert line.startswith('model.graphs=True, but') and text in line
    assert len(graphs) == ('batches' in way)


def test_a_gradient_scaler_is_not_captured():
    wrapper = AmpOptimWrapper.__new__(AmpOptimWrapper)  # it asks for a GPU when it is made
    assert 'the gradient scaler of optim_wrapper.generator' in captured._obstacle_of('generator', wrapper)


@LOSSES.register_module(force=True)
class Undeclared(Loss):
    def for_generator(self, step):
        return step.outputs['image'].mean() * step.outputs['image'].max().item()


def test_what_waits_without_saying_so_is_told(graphs):
    _, (model, wrappers) = pair(losses=dict(adversarial=dict(type='StubAdversarial'), other=dict(type='Undeclared')))
    with pytest.raises(RuntimeError, match=r'cannot be captured in a CUDA graph: .*not permitted.*waits_for'):
        train(model, wrappers, [batch() for _ in range(WARM_UP + 1)])


@pytest.mark.gpu
@pytest.mark.parametrize('name', ['pix2pixhd/pix2pixhd_toycity', 'ecgan/ecgan_multimodal_cityscapes',
                                  'ecgan/ecgan_toycity', 'spade/spade_toycity', 'oasis/oasis_toycity',
                                  'lggan/lggan_toycity', 'inade/inade_toycity', 'clade/clade_icpe_toycity',
                                  'dp_sims_style/dp_sims_style_toycity', 'ablations/few_images_camvid/n50_adaptive'])
@pytest.mark.parametrize('precision', ['float32', 'bfloat16'])
def test_on_a_gpu(name, precision, lines, monkeypatch):
    """20 steps, with a schedule; and from the 10th on in another model, as if resumed."""
    monkeypatch.setattr(torch.backends.cudnn, 'deterministic', True)
    monkeypatch.setattr(torch.backends.cudnn, 'benchmark', False)
    eager, graphed, resumed = (fused(name, precision, version, 'cuda') for version in ('', '_graphs', '_graphs'))
    batches, rates = shifted(eager[0], 20), [0.1 * (1 - number / 20) for number in range(20)]
    before = {key: value.clone() for key, value in eager[0].state_dict().items()}
    expected, logs = train(*eager, batches, rates), train(*graphed, batches[:10], rates)
    load(resumed, graphed)
    again = train(*resumed, batches, rates, first=10)
    logs += train(*graphed, batches, rates, first=10)
    assert not lines and graphed[0].captured.is_settled and resumed[0].captured.is_settled
    close = dict(rtol=0.02, atol=0.01) if precision == 'float32' else dict(rtol=0.1, atol=0.05)
    torch.testing.assert_close(logs, expected, **close)
    torch.testing.assert_close(again, expected[10:], **close)
    for model in (graphed[0], resumed[0]):
        for key, value in eager[0].state_dict().items():
            if value.is_floating_point():
                apart = (model.state_dict()[key] - value).norm()
                assert apart <= 0.1 * (value - before[key]).norm() + 1e-4 * value.norm(), key
