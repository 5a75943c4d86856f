# pix2pixHD on ToyCity at 64x128, coarse to fine (3.2), minutes on 2 CPU cores: the global generator at 32x64, then the
# enhancer alone, then both. Each stage is a run in WORK_DIR/stage_N that goes on from the one before.
_base_ = 'pix2pixhd_toycity.py'
model = dict(
    generator=dict(_delete_=True, type='LocalEnhancer', base_channels=12, num_enhancers=1, num_blocks=2,
                   num_global_downsamples=2, num_global_blocks=6, head=dict(type='RGBHead')),
    discriminator=dict(num_scales=3))
stages = [
    dict(model=dict(generator=dict(_delete_=True, type='GlobalGenerator', base_channels=24, num_downsamples=2,
                                   num_blocks=6, head=dict(type='RGBHead')),
                    discriminator=dict(num_scales=2)),
         train_cfg=dict(max_iters=800), image_size=(32, 64)),
    dict(model=dict(frozen=['generator.global_network']),
         train_cfg=dict(max_iters=200), param_scheduler=dict(generator=[], discriminator=[])),
    dict(train_cfg=dict(max_iters=600))]
