import pytest
import torch

from semsynth.layout import Layout, boundary_map, one_hot


def plain_boundary(instance):
    batch, height, width = instance.shape
    out = torch.zeros(batch, 1, height, width)
    for b in range(batch):
        for y in range(height):
            for x in range(width):
                for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                    v, u = y + dy, x + dx
                    if 0 <= v < height and 0 <= u < width and instance[b, v, u] != instance[b, y, x]:
                        out[b, 0, y, x] = 1
    return out


def test_boundary_map_by_hand():
    instance = torch.tensor([[[1, 1, 2, 2],
                              [1, 1, 2, 2],
                              [1, 1, 1, 1],
                              [3, 1, 1, 1]]])
    expected = torch.tensor([[0, 1, 1, 0],
                             [0, 1, 1, 1],
                             [1, 0, 1, 1],
                             [1, 1, 0, 0]]).float()
    assert torch.equal(boundary_map(instance)[0, 0], expected)


@pytest.mark.parametrize('size', [(1, 1), (1, 5), (7, 1), (5, 9)])
def test_boundary_map_against_a_loop(size):
    instance = torch.randint(0, 3, (2, *size)) + 2 ** 33
    assert torch.equal(boundary_map(instance), plain_boundary(instance))


def test_ids_that_differ_only_in_high_bits_are_different():
    instance = torch.tensor([[[33001, 33001 + 2 ** 16]]])
    assert boundary_map(instance).sum() == 2


def test_one_hot_equals_torch():
    label = torch.randint(0, 5, (2, 3, 7))
    assert torch.equal(one_hot(label, 5), torch.nn.functional.one_hot(label, 5).movedim(-1, 1).float())


def test_channels_are_made_without_a_look_at_values():
    """So a device is not waited for: meta tensors refuse every read."""
    ids = torch.empty(2, 3, 7, dtype=torch.long, device='meta')
    assert Layout(ids, 5, instance=ids).condition.shape == (2, 6, 3, 7)


@pytest.mark.gpu
def test_on_a_gpu_channels_are_the_same_and_nothing_waits():
    layout = make()
    on_gpu = layout.to('cuda')
    torch.cuda.set_sync_debug_mode('error')
    try:
        condition = on_gpu.condition
    finally:
        torch.cuda.set_sync_debug_mode('default')
    assert torch.equal(condition.cpu(), layout.condition)


def make(instance=True, style=True):
    label = torch.randint(0, 4, (2, 3, 5))
    return Layout(label=label, num_classes=4, instance=label * 7 if instance else None,
                  style=torch.randn(2, 3, 3, 5) if style else None)


def test_condition_is_one_hot_then_boundary_then_style():
    layout = make()
    assert layout.condition.shape == (2, 4 + 1 + 3, 3, 5)
    assert torch.equal(layout.condition[:, :4], layout.one_hot)
    assert torch.equal(layout.condition[:, 4:5], boundary_map(layout.instance))
    assert torch.equal(layout.condition[:, 5:], layout.style)
    assert torch.equal(layout.unstyled, layout.condition[:, :5])


def test_raw_is_read_instead():
    raw = torch.randn(2, 6, 4, 4)
    layout = Layout(raw=raw)
    assert layout.condition is raw
    assert layout.size == (4, 4)
    assert len(layout) == 2


def test_repeat_repeats_everything_and_makes_no_channel_again(monkeypatch):
    layout = make()
    condition = layout.condition
    layout.posterior = (torch.randn(2, 4), torch.randn(2, 4))
    import semsynth.layout as module
    monkeypatch.setattr(module, 'one_hot', lambda *_: pytest.fail('made again'))
    twice = layout.repeat(2)
    assert torch.equal(twice.condition, torch.cat([condition, condition]))
    assert torch.equal(twice.label, torch.cat([layout.label, layout.label]))
    assert torch.equal(twice.posterior[1], torch.cat([layout.posterior[1]] * 2))
    assert len(twice) == 4


def test_detach_cuts_the_graph_of_the_style():
    layout = make()
    layout.style.requires_grad_()
    assert layout.condition.requires_grad
    assert not layout.detach().condition.requires_grad


def test_resize_is_nearest():
    layout = make(style=False)
    small = layout.resize((3, 5))
    assert small is layout.condition
    assert layout.resize((6, 10))[0, 0, 1, 1] == layout.condition[0, 0, 0, 0]


def test_a_layout_needs_something():
    with pytest.raises(ValueError, match='needs label and num_classes, or raw'):
        Layout(label=torch.zeros(1, 2, 2).long())
