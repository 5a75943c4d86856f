# 4.2, using instance maps, figure 5 (a), and "ours" of table 2: from labels alone, without the boundary map.
_base_ = '../../pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py'
data_preprocessor = dict(instances=False)
row = dict(order=6, title='no boundary map', paper={'full preferred, %': 64.34})
