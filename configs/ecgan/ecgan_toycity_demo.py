# What `make demo` trains: ECGAN on ToyCity in fewer steps. A larger weight of the label generator's features, 30 for 5,
# makes up for them.
_base_ = 'ecgan_toycity.py'
model = dict(losses=dict(perceptual=dict(weight=30)))
train_cfg = dict(max_iters=330, val_interval=330)
