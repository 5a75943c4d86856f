# What `make demo` trains: ECGAN on ToyCity in fewer steps. The paper's weight of the perceptual loss makes up for them.
_base_ = 'ecgan_toycity.py'
model = dict(losses=dict(perceptual=dict(weight=10)))
train_cfg = dict(max_iters=300, val_interval=300)
