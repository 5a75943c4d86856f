# Nearest neighbour between the blocks of the demo's ECGAN, as in SPADE.
_base_ = '../../ecgan/ecgan_toycity_demo.py'
model = dict(generator=dict(upsampling='nearest'))
row = dict(title='nearest neighbour', order=1)
