"""A stand-in for a checkout of the official pix2pixHD: what our code uses of its interface, on our own networks."""

from argparse import ArgumentParser

import torch
import torchvision
from torch import nn

from semsynth.discriminators import MultiScaleDiscriminator
from semsynth.generators import GlobalGenerator
from semsynth.layout import Layout

FILES = {'models/__init__.py': '', 'models/pix2pixHD_model.py': 'from helpers.stand_in import Pix2PixHDModel',
         'options/__init__.py': '', 'options/train_options.py': 'from helpers.stand_in import TrainOptions',
         'util/__init__.py': '', 'util/image_pool.py': ''}
MADE = []
"""The models made so far."""


def write(folder):
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


class TrainOptions:
    def initialize(self):
        self.parser = ArgumentParser()
        for name, default in dict(label_nc=35, ngf=64, ndf=64, n_downsample_global=4, n_blocks_global=9, num_D=2,
                                  n_layers_D=3).items():
            self.parser.add_argument(f'--{name}', type=int, default=default)
        self.parser.add_argument('--netG', default='global')
        for name in ('no_instance', 'no_vgg_loss', 'no_ganFeat_loss'):
            self.parser.add_argument(f'--{name}', action='store_true')


class Pix2PixHDModel(nn.Module):
    def initialize(self, opt):
        print('a description of the networks')
        self.opt, layout_channels = opt, opt.label_nc + (not opt.no_instance)
        self.netG = GlobalGenerator(layout_channels, opt.ngf, opt.n_downsample_global, opt.n_blocks_global)
        self.netD = MultiScaleDiscriminator(layout_channels + 3, opt.ndf, opt.n_layers_D, opt.num_D, norm='instance')
        self.loss_names = ['G_GAN', 'G_GAN_Feat', 'G_VGG', 'D_real', 'D_fake']
        if opt.no_vgg_loss:
            self.loss_names.remove('G_VGG')
        else:
            self.vgg = torchvision.models.vgg19(pretrained=True).features[:2].cuda()
        self.optimizer_G, self.optimizer_D = (torch.optim.SGD(part.parameters(), lr=0.1)
                                              for part in (self.netG, self.netD))
        MADE.append(self)

    def forward(self, label, inst, image, feat, infer=False):
        batch, _, height, width = label.shape
        one_hot = torch.cuda.FloatTensor(torch.Size((batch, self.opt.label_nc, height, width))).zero_()
        channels = one_hot.scatter_(1, label.long().cuda(), 1.0)
        if not self.opt.no_instance:
            channels = torch.cat([channels, torch.cuda.ByteTensor(inst.size()).zero_().float()], 1)
        layout, image = Layout(raw=channels), image.cuda()
        fake = self.netG(layout)['image']
        on_fake, on_real, on_detached = (self.netD(layout, each, ['image'])[0] for each in (
            fake, image, fake.detach()))
        losses = dict(G_GAN=gap(on_fake, 1), G_GAN_Feat=(on_fake[0][0] - on_real[0][0].detach()).abs().mean(),
                      D_real=gap(on_real, 1), D_fake=gap(on_detached, 0))
        if not self.opt.no_vgg_loss:
            losses['G_VGG'] = (self.vgg(fake) - self.vgg(image)).abs().mean()
        return [[losses[name] for name in self.loss_names], None]


def gap(verdict, target):
    return sum((scale[-1] - target).square().mean() for scale in verdict)
