"""Two iterations of each paper's recipe against the same, written out plainly on copies of the same networks.

In a third, rounding errors would have grown to what is tested: players magnify them.
"""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch.nn.utils import parametrize

from helpers.narrow import narrow
from helpers.settle import settle
from semsynth.layout import Layout
from semsynth.losses.pixel_sampling import sample_pixels
from semsynth.registry import MODELS

CLASSES, SIZE, ITERATIONS = 35, (32, 64), 2
EPSILON = 1e-2  # keeps Adam from magnifying the rounding of small gradients
VGG_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)


def batches(*kinds):
    """A batch of two for each iteration, as the data set collates them, in patches of 4x4 pixels."""
    def patches(high):
        return torch.randint(0, high, (SIZE[0] // 4, SIZE[1] // 4)).repeat_interleave(4, 0).repeat_interleave(4, 1)

    return [dict(inputs=dict(label=[patches(CLASSES).byte() for _ in range(2)],
                             instance=[patches(50_000) for _ in range(2)],
                             **{kind: [torch.randint(0, 256, (3, *SIZE)).byte() for _ in range(2)] for kind in kinds}),
                 sample=dict(name=['a', 'b'])) for _ in range(ITERATIONS)]


def build(path, toycity, **options):
    """The model and the optimisers of a config, and a copy of the model."""
    config = narrow(path, toycity, **options)
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build(config.model)
        with torch.no_grad():
            for name, value in model.named_parameters():
                # as after some training: from initial weights, tiny and without biases, rounding errors grow
                value.normal_(0, 0.1) if name.endswith('bias') else value.mul_(10)
        settle(model).train()
        return model, build_optim_wrapper(model, config.optim_wrapper), copy.deepcopy(model)


def unpack(batch, *kinds):
    inputs = {kind: torch.stack(parts) for kind, parts in batch['inputs'].items()}
    layout = Layout(inputs['label'].long(), CLASSES, instance=inputs['instance'])
    return layout, *(inputs[kind].float() / 127.5 - 1 for kind in kinds)


def vgg_features(net, x):
    """relu1_1 to relu5_1; [-1, 1] fed directly."""
    features = []
    for part in net.losses['perceptual'].frozen.network:
        x = part(x)
        features.append(x)
    return features


def vgg_loss(net, fake, real):
    return 10 * sum(weight * (ours - theirs.detach()).abs().mean() for weight, ours, theirs in
                    zip(VGG_WEIGHTS, vgg_features(net, fake), vgg_features(net, real), strict=True))


def compare(model, plain, batch):
    """Weights, and what the networks make of a batch.

    Biases before a norm stay out: their gradient is rounding noise, which Adam magnifies and the norm takes away.
    """
    expected = dict(plain.named_parameters())
    for name, value in model.named_parameters():
        if not name.endswith('bias'):
            torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=2e-5, msg=name)
    layout, image = unpack(batch, 'image')
    with torch.no_grad():
        outputs, theirs = model.eval().generator(layout), plain.eval().generator(layout)
        for name in outputs:
            torch.testing.assert_close(outputs[name], theirs[name], rtol=1e-3, atol=1e-4, msg=name)
        for ours, others in zip(model.discriminator(layout, image), plain.discriminator(layout, image), strict=True):
            torch.testing.assert_close(ours[-1], others[-1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('perceptual', [dict(), {'model.losses.perceptual': None}], ids=['vgg', 'no_vgg'])
def test_pix2pixhd(perceptual, toycity):
    """The official order: one forward makes all losses, then G's update, then D's."""
    model, wrappers, plain = build('configs/pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py', toycity, **perceptual)
    net_g, net_d = plain.generator, plain.discriminator
    optimizer_g = torch.optim.Adam(net_g.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizer_d = torch.optim.Adam(net_d.parameters(), lr=2e-4, betas=(0.5, 0.999))
    data = batches('image')
    for batch in data:
        logs = model.train_step(batch, wrappers)

        layout, real = unpack(batch, 'image')
        fake = net_g(layout)['image']
        pred_fake_pool, pred_real, pred_fake = (net_d(layout, image) for image in (fake.detach(), real, fake))
        mse = torch.nn.MSELoss()
        d_fake = sum(mse(scale[-1], torch.zeros_like(scale[-1])) for scale in pred_fake_pool)
        d_real = sum(mse(scale[-1], torch.ones_like(scale[-1])) for scale in pred_real)
        g_gan = sum(mse(scale[-1], torch.ones_like(scale[-1])) for scale in pred_fake)
        n_layers_d, num_d = 3, 2
        g_feat = 0
        for i in range(num_d):
            for j in range(len(pred_fake[i]) - 1):
                g_feat += (1 / num_d) * (4 / (n_layers_d + 1)) * 10 * \
                    (pred_fake[i][j] - pred_real[i][j].detach()).abs().mean()
        expected = dict(adversarial=g_gan, feature_matching=g_feat)
        if not perceptual:
            expected['perceptual'] = vgg_loss(plain, fake, real)
        parts_d = dict(real=0.5 * d_real, synthesised=0.5 * d_fake)
        loss_d = sum(parts_d.values())
        optimizer_g.zero_grad()
        sum(expected.values()).backward()
        optimizer_g.step()
        optimizer_d.zero_grad()
        loss_d.backward()
        optimizer_d.step()

        expected = {f'generator/{name}': value for name, value in expected.items()} | {
            'discriminator/adversarial': loss_d, 'discriminator/adversarial/real': parts_d['real'],
            'discriminator/adversarial/synthesised': parts_d['synthesised']}
        assert logs.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(logs[name], value.detach(), rtol=1e-4, atol=1e-5, msg=name)
    compare(model, plain, data[0])


def similarity(probabilities, target):
    """Eq. 3: cross entropy between q_ij = p_i . p_j and whether i and j are of one class, over all pairs."""
    total = 0
    for p, classes in zip(probabilities, target, strict=True):
        known = classes.flatten() != 255
        p, classes = p.flatten(1)[:, known], classes.flatten()[known]
        total += F.binary_cross_entropy((p.T @ p).clamp(0, 1), (classes[:, None] == classes[None]).float())
    return total / len(target)


def contrast(embedding, label, memory):
    """Eq. 5 over the pixels that are drawn and those in memory; the draw and the memory are tested elsewhere."""
    drawn, classes = sample_pixels(label, CLASSES, None, 64, 1024, memory.chances(embedding, label))
    pixels = embedding.movedim(1, -1).flatten(0, 2)[drawn]
    past, kinds = memory.entries()
    unit, past, kinds = F.normalize(pixels, dim=1), past[kinds >= 0], kinds[kinds >= 0]
    exponentials = (unit @ torch.cat([unit, past]).T / 0.1).exp()
    same = classes[:, None] == torch.cat([classes, kinds])[None]
    negatives = (exponentials * ~same).sum(1, keepdim=True)
    terms = -(exponentials / (exponentials + negatives)).log()
    positives = same & ~torch.eye(*same.shape, dtype=torch.bool)
    count = positives.sum(1)
    memory.store(pixels, classes)
    return ((terms * positives).sum(1)[count > 0] / count[count > 0]).mean()


def class_l1(image, real, label):
    """Eq. 6."""
    return sum((image[b] - real[b])[:, label[b] == c].abs().mean()
               for b in range(len(label)) for c in label[b].unique()) / len(label)


@pytest.mark.slow
def test_ecgan(toycity):
    """Eqs. 3 to 10 with the hinge loss."""
    options = {f'optim_wrapper.{player}.optimizer.eps': EPSILON for player in ('generator', 'discriminator')}
    options['model.generator.num_upsamples'] = 'normal'
    model, wrappers, plain = build('configs/ecgan/ecgan_cityscapes.py', toycity, **options)
    net_g, net_d = plain.generator, plain.discriminator
    optimizer_g = torch.optim.Adam(net_g.parameters(), lr=1e-4, betas=(0.0, 0.999), eps=EPSILON)
    optimizer_d = torch.optim.Adam(net_d.parameters(), lr=4e-4, betas=(0.0, 0.999), eps=EPSILON)
    lambdas = dict(edge=1, coarse=1, image=2)
    evaluated = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
    train_ids = torch.tensor([evaluated.index(i) if i in evaluated else 255 for i in range(35)])
    data = batches('image', 'edge')
    for number, batch in enumerate(data):
        torch.manual_seed(number)
        logs = model.train_step(batch, wrappers)

        layout, image, edge = unpack(batch, 'image', 'edge')
        reals = dict(edge=edge, coarse=image, image=image)
        optimizer_g.zero_grad()
        with parametrize.cached():  # spectral norm's iteration: once for each player's turn
            outputs = net_g(layout)
            expected = dict.fromkeys(('adversarial', 'feature_matching', 'perceptual'), 0)
            for view, weight in lambdas.items():
                fake_scales, real_scales = net_d(layout, outputs[view]), net_d(layout, reals[view])
                expected['adversarial'] -= weight * sum(scale[-1].mean() for scale in fake_scales) / 2
                for ours, theirs in zip(fake_scales, real_scales, strict=True):
                    for our, their in zip(ours[:-1], theirs[:-1], strict=True):
                        expected['feature_matching'] += weight * 10 / 2 * (our - their.detach()).abs().mean()
                expected['perceptual'] += weight * vgg_loss(plain, outputs[view], reals[view])
            expected['similarity'] = sum(similarity(plain.segmentor(outputs[view]), train_ids[layout.label])
                                         for view in ('coarse', 'image'))
            torch.manual_seed(number)
            expected['contrastive'] = contrast(outputs['embedding'], layout.label,
                                               plain.losses['contrastive'].memory)
            expected['class_specific'] = class_l1(outputs['class_specific'], image, layout.label)
            sum(expected.values()).backward()
        optimizer_g.step()

        optimizer_d.zero_grad()  # also of what the generator's turn has left there
        with parametrize.cached():
            parts_d = dict(real=0, synthesised=0)
            for view, weight in lambdas.items():
                for ours, theirs in zip(net_d(layout, outputs[view].detach()), net_d(layout, reals[view]), strict=True):
                    parts_d['synthesised'] += weight / 2 * F.relu(1 + ours[-1]).mean()
                    parts_d['real'] += weight / 2 * F.relu(1 - theirs[-1]).mean()
            loss_d = sum(parts_d.values())
            loss_d.backward()
        optimizer_d.step()

        expected = {f'generator/{name}': value for name, value in expected.items()} | {
            'discriminator/adversarial': loss_d, 'discriminator/adversarial/real': parts_d['real'],
            'discriminator/adversarial/synthesised': parts_d['synthesised']}
        assert logs.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(logs[name], value.detach(), rtol=1e-4, atol=1e-5, msg=name)
    compare(model, plain, data[0])


@pytest.mark.slow
def test_spade_with_latent(toycity):
    """TTUR, hinge over the mean of the scales, and outputs made anew, in training mode, for the discriminator."""
    options = {f'optim_wrapper.{player}.optimizer.eps': EPSILON for player in ('generator', 'discriminator')}
    options |= {'model.generator.num_upsamples': 'normal', 'model.generator.image_size': SIZE}
    model, wrappers, plain = build('configs/spade/spade_vae_cityscapes.py', toycity, **options)
    net_g, net_d, net_e = plain.generator, plain.discriminator, plain.encoder
    optimizer_g = torch.optim.Adam([*net_g.parameters(), *net_e.parameters()], lr=1e-4, betas=(0.0, 0.9), eps=EPSILON)
    optimizer_d = torch.optim.Adam(net_d.parameters(), lr=4e-4, betas=(0.0, 0.9), eps=EPSILON)

    def generate(layout, real):
        mu, logvar = net_e.encode(real)
        z = mu + torch.randn(mu.shape) * (0.5 * logvar).exp()
        kld = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / len(mu)
        return net_g(Layout(layout.label, CLASSES, instance=layout.instance, latent=z))['image'], kld

    data = batches('image')
    for number, batch in enumerate(data):
        torch.manual_seed(number)
        logs = model.train_step(batch, wrappers)

        torch.manual_seed(number)
        layout, real = unpack(batch, 'image')
        optimizer_g.zero_grad()
        with parametrize.cached():
            fake, kld = generate(layout, real)
            pred_fake, pred_real = net_d(layout, fake), net_d(layout, real)
            expected = dict(
                adversarial=-sum(scale[-1].mean() for scale in pred_fake) / 2,
                feature_matching=sum(10 / 2 * (our - their.detach()).abs().mean()
                                     for ours, theirs in zip(pred_fake, pred_real, strict=True)
                                     for our, their in zip(ours[:-1], theirs[:-1], strict=True)),
                perceptual=vgg_loss(plain, fake, real), kl=0.05 * kld)
            sum(expected.values()).backward()
        optimizer_g.step()
        optimizer_d.zero_grad()
        with parametrize.cached():
            with torch.no_grad():
                fake, _ = generate(layout, real)
            parts_d = dict(synthesised=sum(F.relu(1 + scale[-1]).mean() for scale in net_d(layout, fake)) / 2,
                           real=sum(F.relu(1 - scale[-1]).mean() for scale in net_d(layout, real)) / 2)
            loss_d = sum(parts_d.values())
            loss_d.backward()
        optimizer_d.step()

        expected = {f'generator/{name}': value for name, value in expected.items()} | {
            'discriminator/adversarial': loss_d, 'discriminator/adversarial/real': parts_d['real'],
            'discriminator/adversarial/synthesised': parts_d['synthesised']}
        assert logs.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(logs[name], value.detach(), rtol=1e-4, atol=1e-5, msg=name)
    for ours, theirs in zip(model.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    for name, value in model.named_parameters():
        if not name.endswith('bias'):
            torch.testing.assert_close(value, plain.get_parameter(name), rtol=1e-4, atol=2e-5, msg=name)
