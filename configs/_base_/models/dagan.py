# DAGAN (Tang et al., ACM MM 2020): SPADE with channel and spatial attention before the image.
_base_ = 'spade.py'
model = dict(generator=dict(head=dict(type='DAGANHead')))
