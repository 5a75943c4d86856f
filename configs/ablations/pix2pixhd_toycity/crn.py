# Tables 3 and 4: CRN's cascade as generator, everything else as it is.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
model = dict(generator=dict(
    _delete_=True, type='CRNGenerator', widths=(128, 128, 96, 64, 32), head=dict(type='LinearHead')))
row = dict(like='../pix2pixhd/crn.py')
