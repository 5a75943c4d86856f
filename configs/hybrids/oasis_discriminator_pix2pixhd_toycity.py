# OASIS's discriminator on pix2pixHD's generator, in place of its own and of feature matching. Without LabelMix, as
# OASIS's authors advise where their discriminator trains another generator (boschresearch/OASIS#29).
_base_ = '../pix2pixhd/pix2pixhd_toycity.py'
model = dict(
    discriminator=dict(_delete_=True, type='OASISDiscriminator', base_channels=16, num_downsamples=5, init_gain=1.0),
    losses=dict(adversarial=dict(_delete_=True, type='SegmentationAdversarialLoss'), feature_matching=None))
