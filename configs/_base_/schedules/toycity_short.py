# Minutes, not days: so few steps want a learning rate far above the papers', for both players alike.
# --cfg-options train_cfg.max_iters=N makes it shorter or longer; the decay follows.
train_cfg = dict(type='ResumableTrainLoop', max_iters=550, val_interval=550)
optim_wrapper = dict(
    constructor='PlayerOptimWrapperConstructor',
    generator=dict(optimizer=dict(type='Adam', lr=1e-3, betas=(0.0, 0.999))),
    discriminator=dict(optimizer=dict(type='Adam', lr=1e-3, betas=(0.0, 0.999))))
param_scheduler = dict(
    generator=[dict(type='LinearDecayLR', constant=0.6, by_epoch=False)],
    discriminator=[dict(type='LinearDecayLR', constant=0.6, by_epoch=False)])
