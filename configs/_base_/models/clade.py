# CLADE (Tan et al., TPAMI 2021): SPADE, whose norms look scale and shift of a pixel's class up in tables.
_base_ = 'spade.py'
model = dict(generator=dict(modulation='clade'))
