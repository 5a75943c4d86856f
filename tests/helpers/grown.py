"""Toy stages: pix2pixHD's generator and discriminator grow."""

import torch

from helpers.toy_run import toy_config

GLOBAL = dict(_delete_=True, type='GlobalGenerator', base_channels=4, num_downsamples=1, num_blocks=1)
LOCAL = dict(_delete_=True, type='LocalEnhancer', base_channels=2, num_enhancers=1, num_blocks=1,
             num_global_downsamples=1, num_global_blocks=1)


def stage(iterations, lr, generator, scales=1, **model):
    """A stage's overrides."""
    return dict(
        model=dict(generator=generator, discriminator=dict(num_scales=scales), **model),
        train_cfg=dict(max_iters=iterations),
        optim_wrapper=dict(generator=dict(optimizer=dict(lr=lr)), discriminator=dict(optimizer=dict(lr=2 * lr))))


def stages():
    """Global network; enhancer alone; both."""
    return [stage(4, 0.01, GLOBAL), stage(5, 0.02, LOCAL, 2, frozen=['generator.global_network']),
            stage(6, 0.03, LOCAL, 2)]


def grown_config(**changes):
    changes = {
        'model.discriminator': dict(_delete_=True, type='MultiScaleDiscriminator', base_channels=2, num_layers=1),
        'model.losses.adversarial': dict(_delete_=True, type='LeastSquaresLoss', reduction='sum'),
        'default_hooks.checkpoint.interval': 2, 'default_hooks.logger.interval': 1, 'default_hooks.pictures': None,
        'val_evaluator': None, 'stages': stages(), **changes}
    return toy_config(**changes)


def trained_weights(path):
    """The weights being trained, not their average."""
    saved = torch.load(path, weights_only=False)
    average = {name.removeprefix('module.'): value for name, value in saved['ema_state_dict'].items()}
    return saved['state_dict'] | {name: average[name] for name in average if name in saved['state_dict']}


def moments(path):
    """What each player's Adam knows of each parameter, by name."""
    saved = torch.load(path, weights_only=False)['optimizer']
    found = {}
    for player in saved.values():
        [group] = player['param_groups']
        for index, name in zip(group['params'], group['param_names'], strict=True):
            found[name] = player['state'][index]
    return found
