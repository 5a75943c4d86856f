# OASIS: Adam (0, 0.999), 1e-4 / 4e-4, constant, 200 epochs.
train_cfg = dict(type='ResumableTrainLoop', max_epochs=200, val_interval=5000)
optim_wrapper = dict(
    constructor='PlayerOptimWrapperConstructor',
    generator=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.0, 0.999), fused=True)),
    discriminator=dict(optimizer=dict(type='Adam', lr=4e-4, betas=(0.0, 0.999), fused=True)))
param_scheduler = dict(generator=[], discriminator=[])
