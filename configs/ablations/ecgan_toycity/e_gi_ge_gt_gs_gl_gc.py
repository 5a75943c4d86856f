# Table 3, row 6, on ToyCity: all of ECGAN.
_base_ = '../../ecgan/ecgan_toycity.py'
row = dict(like='../ecgan/e_gi_ge_gt_gs_gl_gc.py')
