# LGGAN's head, with its losses, on pix2pixHD's global generator, on ToyCity: all branches read the same features.
_base_ = '../pix2pixhd/pix2pixhd_toycity.py'
model = dict(
    generator=dict(head=dict(_delete_=True, type='LGGANHead')),
    losses=dict(class_score=dict(type='ClassScoreLoss'), local=dict(type='L1Loss', views=dict(class_specific=1))))
