# ECGAN's edge branch with attention guided transfer on pix2pixHD's global generator, on ToyCity.
_base_ = '../pix2pixhd/pix2pixhd_toycity.py'
model = dict(generator=dict(head=dict(_delete_=True, type='EdgeGuidedHead', semantic=False, class_specific=False,
                                      embedding_channels=None)))
train_dataloader = dict(dataset=dict(edges=dict()))
