# Canny edges, on ToyCity. The paper's figures are of Cityscapes.
_base_ = '../ecgan_toycity/e_gi_ge_gt_gs.py'
row = dict(title='Canny')
