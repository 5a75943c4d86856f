# ECGAN on ToyCity at 128x256 with a style of each car and person (pix2pixHD, 3.4) and a latent of all the rest, the
# weather above all (appendix C): the model that comes with the package.
_base_ = 'ecgan_toycity.py'
data_root = '{{$TOYCITY_128X256_ROOT:data/toycity_128x256}}'
image_size = (128, 256)
judge = dict(type='Segmentor', config='semsynth::segmentors/judge_toycity_128x256.py',
             checkpoint='work_dirs/judge_toycity_128x256/final.pth')
model = dict(
    generator=dict(latent_dim=8, latent_as='channels', max_channels=128),
    encoder=[
        dict(type='InstanceFeatureEncoder', out_channels=4, base_channels=12, num_downsamples=2, classes=[10, 11]),
        dict(type='PooledStyleEncoder', base_channels=16, latent_dim=8)],
    segmentor=dict(config='semsynth::segmentors/unet_toycity_128x256.py',
                   checkpoint='work_dirs/unet_toycity_128x256/final.pth'),
    losses=dict(
        # Colours are the latent's to tell: without a term that reads them it says nothing about the weather.
        l1=dict(type='L1Loss', weight=10, views=dict(image=1)),
        kl=dict(type='KLLoss', weight=0.02)))
train_cfg = dict(max_iters=1000, val_interval=1000)
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge), dict(type='FrechetDistance', judge=judge)]
diversity_evaluator = [dict(type='FeatureDiversity', judge=judge)]
