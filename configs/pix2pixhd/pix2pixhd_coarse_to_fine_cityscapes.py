# pix2pixHD on Cityscapes at 1024x2048, coarse to fine (3.2): the global generator at 512x1024, then the enhancer alone,
# then both. Each stage is a run in WORK_DIR/stage_N that goes on from the one before.
# Lengths: appendix A gives 100 + 100 epochs and none for the parts. The released scripts train the global generator for
# 100 + 100, then for 50 + 50 with the enhancer, the first 10 of them without the global generator.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/cityscapes_pspnet.py', '../_base_/default_runtime.py'
]
image_size = (1024, 2048)
batch_size = 1
model = dict(generator=dict(
    _delete_=True, type='LocalEnhancer', base_channels=32, num_enhancers=1, num_blocks=3, num_global_downsamples=4,
    num_global_blocks=9, head=dict(type='RGBHead')))
stages = [
    dict(model=dict(generator=dict(_delete_=True, type='GlobalGenerator', base_channels=64, num_downsamples=4,
                                   num_blocks=9, head=dict(type='RGBHead')),
                    discriminator=dict(num_scales=2)),
         train_cfg=dict(max_epochs=200), image_size=(512, 1024)),
    dict(model=dict(frozen=['generator.global_network']),
         train_cfg=dict(max_epochs=10), param_scheduler=dict(generator=[], discriminator=[])),
    dict(train_cfg=dict(max_epochs=90),
         param_scheduler=dict(generator=[dict(type='LinearDecayLR', constant=4 / 9, by_epoch=False)],
                              discriminator=[dict(type='LinearDecayLR', constant=4 / 9, by_epoch=False)]))]
