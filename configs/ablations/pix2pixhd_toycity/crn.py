# Tables 3 and 4: CRN's cascade as generator, everything else as it is.
_base_ = './full.py'
model = dict(generator=dict(
    _delete_=True, type='CRNGenerator', widths=(128, 128, 96, 64, 32), head=dict(type='LinearHead')))
row = dict(order=2, title='CRN', paper={'mIoU': 39.94, 'aAcc': 78.96, 'full preferred, %': 76.6})
