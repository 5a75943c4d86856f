# Bilinear upsampling between the blocks of the demo's ECGAN.
_base_ = '../../ecgan/ecgan_toycity_demo.py'
model = dict(generator=dict(upsampling='bilinear'))
row = dict(title='bilinear', order=2)
