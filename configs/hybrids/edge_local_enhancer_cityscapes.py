# ECGAN's edge branch with attention guided transfer on pix2pixHD's local enhancer.
_base_ = '../pix2pixhd/pix2pixhd_local_cityscapes_1024x2048.py'
model = dict(generator=dict(head=dict(_delete_=True, type='EdgeGuidedHead', semantic=False, class_specific=False,
                                      embedding_channels=None)))
train_dataloader = dict(dataset=dict(edges=dict()))
