import pytest
import torch
from torch.autograd import gradcheck

from helpers.facts import facts
from helpers.stubs import config
from semsynth.losses import DiversityLoss, diversity_loss
from semsynth.registry import MODELS


def test_equals_a_loop():
    first, second = (torch.rand(3, 3, 4, 5, dtype=torch.float64) for _ in range(2))
    second[0] = first[0]  # 0 apart; the others about 1/3
    expected = [max(0, 0.35 - (a - b).abs().mean().item()) for a, b in zip(first, second, strict=True)]
    assert diversity_loss(first, second, 0.35).item() == pytest.approx(sum(expected) / 3, abs=1e-12)
    assert expected[0] == 0.35 and diversity_loss(first, second, 0.01).item() == pytest.approx(0.01 / 3)


def test_gradcheck():
    first, second = (torch.rand(2, 1, 2, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert gradcheck(lambda a, b: diversity_loss(a, b, 5.0), (first, second))


def test_it_synthesises_the_first_images_with_other_latents(make_step):
    outputs, asked = dict(image=torch.rand(3, 3, 4, 5, requires_grad=True), edge=torch.rand(3, 3, 4, 5)), []

    def generator(layout):
        asked.append(layout)
        return {name: output[:len(layout)].detach() + 0.02 for name, output in outputs.items()}

    step = make_step(outputs, dict(image=torch.rand(3, 3, 4, 5)), generator=generator,
                     views=dict(image=dict(weight=2), edge=dict(real='edge')))
    loss = DiversityLoss(images=2, margin=0.1)
    loss.latent_dim = 7
    value = loss.for_generator(step)
    value.backward()
    assert value.item() == pytest.approx(2 * 0.08, rel=1e-4)  # edges need not differ
    assert asked[0].latent.shape == (2, 7) and outputs['image'].grad[:2].any() and not outputs['image'].grad[2].any()
    step.draws['other_latent'] = torch.ones(3, 7)
    DiversityLoss().for_generator(step)
    assert torch.equal(asked[1].latent, torch.ones(3, 7)) and len(asked) == 2


def test_a_generator_without_latents_is_refused():
    losses = dict(adversarial=dict(type='StubAdversarial'), diversity=dict(type='DiversityLoss'))
    with pytest.raises(ValueError, match=facts('losses.diversity', 'StubGenerator', 'latent_dim', 'diversity=None')):
        MODELS.build(config(losses=losses))


@pytest.mark.parametrize('options', [dict(margin=0), dict(images=0), dict(images=-1)])
def test_what_cannot_differ(options):
    [(name, value)] = options.items()
    with pytest.raises(ValueError, match=facts('DiversityLoss', f'{name}={value}')):
        DiversityLoss(**options)
