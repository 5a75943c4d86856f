# 4.2, using instance maps, and figure 5 (a): from labels alone, without the boundary map.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
data_preprocessor = dict(instances=False)
row = dict(like='../pix2pixhd/no_boundary_map.py')
