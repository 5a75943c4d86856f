# Table 3, row 6: all of ECGAN. Each row below it takes one component away.
_base_ = '../../ecgan/ecgan_cityscapes.py'
