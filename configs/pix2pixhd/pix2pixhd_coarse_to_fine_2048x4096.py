# pix2pixHD with two enhancers, for photos of 2048x4096 in the layout of Cityscapes, whose own are half as large: each
# enhancer alone in the order of their sizes, then everything jointly (3.2).
_base_ = 'pix2pixhd_coarse_to_fine_cityscapes.py'
grown = dict(generator=dict(base_channels=16, num_enhancers=2, checkpoint_activations=True),
             discriminator=dict(num_scales=4))
global_alone, first_alone, jointly = _base_.stages
stages = [
    global_alone, first_alone,
    dict(first_alone, model=dict(grown, frozen=['generator.global_network', 'generator.enhancers.0']),
         image_size=(2048, 4096)),
    dict(jointly, model=grown, image_size=(2048, 4096))]
