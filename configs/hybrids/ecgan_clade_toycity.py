# ECGAN whose encoder E has CLADE's norms, on ToyCity at 64x128.
_base_ = '../ecgan/ecgan_toycity.py'
model = dict(generator=dict(modulation='clade'))
