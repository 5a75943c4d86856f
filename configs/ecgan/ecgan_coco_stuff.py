# ECGAN on COCO-Stuff at 256x256. Total batch 32, SPADE's (the paper has no number): batch_size is per rank.
_base_ = [
    '../_base_/models/ecgan.py', '../_base_/datasets/coco_stuff.py', '../_base_/schedules/ecgan_200e.py',
    '../_base_/judges/coco_stuff.py', '../_base_/default_runtime.py'
]
model = dict(
    generator=dict(num_upsamples='normal'),
    # The paper's label generator Gl is SegFormer (3.2), whose weights for these classes are published nowhere: PSPNet,
    # with another head and another backbone than the judge's.
    segmentor=dict(
        type='Segmentor', config='mmseg::pspnet/pspnet_r50-d8_4xb4-320k_coco-stuff164k-512x512.py',
        checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/pspnet/'
                   'pspnet_r50-d8_512x512_4x4_320k_coco-stuff164k/'
                   'pspnet_r50-d8_512x512_4x4_320k_coco-stuff164k_20210707_152004-be9610cc.pth',
        class_map=_base_.class_map))
train_dataloader = dict(dataset=dict(edges=dict()))
