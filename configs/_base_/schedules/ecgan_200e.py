# ECGAN (appendix B): Adam (0, 0.999), 1e-4 / 4e-4, 100 epochs constant, then 100 epochs linearly to 0.
train_cfg = dict(type='ResumableTrainLoop', max_epochs=200, val_interval=5000)
optim_wrapper = dict(
    constructor='PlayerOptimWrapperConstructor',
    generator=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.0, 0.999), fused=True)),
    discriminator=dict(optimizer=dict(type='Adam', lr=4e-4, betas=(0.0, 0.999), fused=True)))
# A fraction of train_cfg, so that a shorter run keeps the shape.
param_scheduler = dict(
    generator=[dict(type='LinearDecayLR', constant=0.5, by_epoch=False)],
    discriminator=[dict(type='LinearDecayLR', constant=0.5, by_epoch=False)])
