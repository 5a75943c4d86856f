# ECGAN on Cityscapes at 256x512 (appendices A and B), total batch 16: batch_size is per rank.
_base_ = [
    '../_base_/models/ecgan.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/ecgan_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
# The label generator Gl is SegFormer (3.2).
model = dict(segmentor=dict(
    type='Segmentor', config='mmseg::segformer/segformer_mit-b5_8xb1-160k_cityscapes-1024x1024.py',
    checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/segformer/segformer_mit-b5_8x1_1024x1024_160k_cityscapes/'
               'segformer_mit-b5_8x1_1024x1024_160k_cityscapes_20211206_072934-87a052ec.pth',
    class_map=_base_.class_map))
train_dataloader = dict(dataset=dict(edges=dict()))
# The released options had: Adam (0, 0.9), 50 + 0 epochs, and edges made from the full-size photo
# (dataset=dict(edges=dict(full_size=True))); the paper, and so this file: Adam (0, 0.999), 100 + 100 epochs, Canny.
