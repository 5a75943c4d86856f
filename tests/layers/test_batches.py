import torch

from semsynth.layers.batches import join, part


def test_several_are_copied_and_one_is_not():
    first, second = torch.rand(2, 3), torch.rand(2, 3)
    assert join([first]) is first and part(first, 1)[0] is first
    assert torch.equal(join([first, second]), torch.cat([first, second]))
    assert all(map(torch.equal, part(join([first, second]), 2), (first, second)))
