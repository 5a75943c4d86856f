# ECGAN with the multi-scale contrast of its journal version, ECGAN++, on Cityscapes at 256x512: pixels of a class
# attract at different scales, too. Scales and pooling are our choice.
_base_ = 'ecgan_cityscapes.py'
model = dict(losses=dict(contrastive=dict(scales=(1, 2, 4))))
