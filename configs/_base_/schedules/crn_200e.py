# CRN: 200 epochs of Adam at 1e-4 (released code, at 256x512), no discriminator. batch_size is the data set's (1 a GPU).
train_cfg = dict(type='ResumableTrainLoop', max_epochs=200, val_interval=5000)
optim_wrapper = dict(
    constructor='PlayerOptimWrapperConstructor',
    generator=dict(optimizer=dict(type='Adam', lr=1e-4, fused=True)))
param_scheduler = dict(generator=[])
