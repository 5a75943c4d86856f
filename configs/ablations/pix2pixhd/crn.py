# Tables 3 and 4: CRN's cascade as generator, everything else as it is.
_base_ = '../../pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py'
model = dict(generator=dict(
    _delete_=True, type='CRNGenerator', widths=(1024, 1024, 1024, 1024, 1024, 512, 512, 128),
    head=dict(type='LinearHead')))
row = dict(order=2, title='CRN', paper={'pspnet/mIoU': 39.94, 'pspnet/aAcc': 78.96, 'full preferred, %': 76.6})
