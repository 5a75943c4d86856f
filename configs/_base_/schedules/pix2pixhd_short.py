# Minutes, not days: pix2pixHD's own learning rate and betas, few steps, and more of them at the full rate.
# --cfg-options train_cfg.max_iters=N makes it shorter or longer; the decay follows.
train_cfg = dict(type='ResumableTrainLoop', max_iters=1000, val_interval=1000)
optim_wrapper = dict(
    constructor='PlayerOptimWrapperConstructor',
    generator=dict(optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999))),
    discriminator=dict(optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999))))
param_scheduler = dict(
    generator=[dict(type='LinearDecayLR', constant=0.6, by_epoch=False)],
    discriminator=[dict(type='LinearDecayLR', constant=0.6, by_epoch=False)])
