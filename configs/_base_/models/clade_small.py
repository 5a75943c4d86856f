# CLADE narrowed to 2 CPU cores, as SPADE is.
_base_ = 'spade_small.py'
model = dict(generator=dict(modulation='clade'))
