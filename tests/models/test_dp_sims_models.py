"""DP-SIMS style: its parts together."""

import pytest

from helpers.narrow import SIZE, narrow
from semsynth.config import load_config
from semsynth.engine.checkpoint import facts_of_losses
from semsynth.studies.benchmark.step import build, draw_batch

TOYCITY = 'configs/dp_sims_style/dp_sims_style_toycity.py'


def prepare(path, **options):
    model, players = build(narrow(path, 'nowhere', **options), 'float32', 'cpu')
    return model, players, draw_batch(model, (SIZE, SIZE), batch_size=2)


def test_a_step_trains_both_players_and_not_the_frozen_network():
    model, players, data = prepare(TOYCITY)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    [(weights, name)] = model.discriminator.frozen_networks.items()
    asked, decoded = [], []
    model.discriminator.last.register_forward_hook(lambda module, inputs, outputs: decoded.append(len(outputs)))
    model.generator.register_forward_hook(lambda module, inputs, outputs: asked.append(len(inputs[0])))
    losses = model.train_step(data, players)
    assert set(losses) == {f'generator/{name}' for name in ('adversarial', 'contrast', 'diversity')} | {
        f'discriminator/adversarial{part}' for part in ('', '/real', '/synthesised')}
    assert asked == [2, 1]  # one layout of another latent
    assert decoded == [2, 4]  # in the generator's turn real images have no logits
    same = [name for name, value in model.state_dict().items() if value.equal(before[name])]
    # every tenth weight at most, such as biases before a norm, has no gradient
    assert not any('frozen' in name for name in before) and len(same) < len(before) / 10
    assert name == 'efficientnet_lite0' and facts_of_losses(model)['loss_networks'] == {weights: name}
    del model.discriminator.frozen_networks
    assert list(model.discriminator.frozen_networks) == [weights]  # computed anew: its weights are as before


@pytest.mark.parametrize(('path', 'generator', 'discriminator'), [
    ('dp_sims_style', 'LabelEncoderGenerator', 'BackboneDiscriminator'),
    ('dp_sims_style_label_generator', 'LabelEncoderGenerator', 'BackboneDiscriminator'),
    ('oasis_generator', 'OASISGenerator', 'BackboneDiscriminator'),
    ('oasis_discriminator', 'LabelEncoderGenerator', 'OASISDiscriminator'),
    ('pix2pixhd_generator', 'GlobalGenerator', 'BackboneDiscriminator'),
    ('ecgan_frozen_network', 'SPADEGenerator', 'SeparateDiscriminators')])
@pytest.mark.parametrize('data', ['toycity', 'camvid'])
def test_rows_of_the_study_are_what_their_names_say(path, generator, discriminator, data):
    config = load_config(f'configs/ablations/discriminators_{data}/{path}.py')
    assert (config.model.generator.type, config.model.discriminator.type) == (generator, discriminator)
    assert config.test_evaluator[-1].type == 'FrechetEfficientNetLite1'  # no row trains on it
    steps = config.train_cfg.max_iters
    assert config.train_cfg.val_interval == steps
    assert config.model.losses.adversarial.get('focus') == (2 if path != 'oasis_discriminator' else None)
