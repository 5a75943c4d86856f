# Nearest neighbour between the blocks of the demo's ECGAN, as in SPADE.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(generator=dict(upsampling='nearest'), losses=dict(perceptual=dict(weight=30)))
train_cfg = dict(max_iters=330, val_interval=330)
row = dict(title='nearest neighbour', order=1)
