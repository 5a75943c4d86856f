import pytest
import torch
from torch.autograd import gradcheck

from semsynth.losses.class_specific import ClassSpecificLoss, class_specific_l1


def transcription(output, target, label, num_classes, unknown=None):
    """Eq. 6 as it stands: images, classes, and the mean over each class's pixels and channels."""
    total = 0
    for ours, theirs, classes in zip(output, target, label, strict=True):
        for c in range(num_classes):
            if c != unknown and (classes == c).any():
                total += (ours - theirs).abs()[:, classes == c].mean().item()
    return total / len(output)


@pytest.mark.parametrize('unknown', [None, 0, 5])
def test_is_eq_6(unknown):
    output = torch.randn(3, 3, 5, 7, dtype=torch.float64)
    target = torch.randn_like(output)
    label = torch.randint(0, 6, (3, 5, 7))
    label[1][label[1] == 2] = 3  # a class that one image lacks
    loss = class_specific_l1(output, target, label, 6, unknown)
    assert loss.item() == pytest.approx(transcription(output, target, label, 6, unknown), rel=1e-12)


def test_a_number_by_hand():
    # Class 0 on three pixels errs by 1, class 1 on one pixel by 4: 1 + 4, however many pixels each has.
    output = torch.tensor([1., -1, 1, 4]).view(1, 1, 2, 2)
    label = torch.tensor([[[0, 0], [0, 1]]])
    assert class_specific_l1(output, torch.zeros_like(output), label, 3).item() == pytest.approx(5)
    assert class_specific_l1(output, torch.zeros_like(output), label, 3, unknown=1).item() == pytest.approx(1)


def test_gradcheck_and_no_gradient_where_unknown():
    output = torch.randn(2, 3, 3, 2, dtype=torch.float64, requires_grad=True)
    label = torch.randint(0, 3, (2, 3, 2))
    assert gradcheck(lambda x: class_specific_l1(x, torch.zeros_like(x), label, 3, 1), output)
    class_specific_l1(output, torch.zeros_like(output), label, 3, 1).backward()
    assert ((output.grad == 0).all(1) == (label == 1)).all()


def test_without_a_known_pixel_it_is_0_and_attached():
    output = torch.randn(2, 3, 3, 2, requires_grad=True)
    loss = class_specific_l1(output, torch.zeros(2, 3, 3, 2), torch.ones(2, 3, 2, dtype=torch.long), 3, 1)
    loss.backward()
    assert loss == 0 and (output.grad == 0).all()


def test_reads_its_output_and_the_real_image(make_step):
    real, label = torch.randn(2, 3, 5, 7), torch.randint(0, 4, (2, 5, 7))
    output = torch.randn(2, 3, 5, 7).bfloat16()
    step = make_step(dict(class_specific=output, image=None), dict(image=real), label=label, num_classes=4, unknown=3)
    loss = ClassSpecificLoss().for_generator(step)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(transcription(output.float(), real, label, 4, 3), rel=1e-5)
