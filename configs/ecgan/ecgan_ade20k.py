# ECGAN on ADE20K at 256x256, no instance maps. Total batch 32, SPADE's (the paper has no number): batch_size is per
# rank.
_base_ = [
    '../_base_/models/ecgan.py', '../_base_/datasets/ade20k.py', '../_base_/schedules/ecgan_200e.py',
    '../_base_/judges/ade20k.py', '../_base_/default_runtime.py'
]
model = dict(
    generator=dict(num_upsamples='normal'),
    # The label generator Gl is SegFormer (3.2).
    segmentor=dict(
        type='Segmentor', config='mmseg::segformer/segformer_mit-b5_8xb2-160k_ade20k-512x512.py',
        checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/segformer/segformer_mit-b5_512x512_160k_ade20k/'
                   'segformer_mit-b5_512x512_160k_ade20k_20210726_145235-94cedf59.pth',
        class_map=_base_.class_map))
train_dataloader = dict(dataset=dict(edges=dict()))
