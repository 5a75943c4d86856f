# DAGAN's two attentions on pix2pixHD's global generator, on ToyCity.
_base_ = '../pix2pixhd/pix2pixhd_toycity.py'
model = dict(generator=dict(head=dict(_delete_=True, type='DAGANHead')))
