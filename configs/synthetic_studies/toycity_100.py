# The same with 100 photos, and more images of each.
_base_ = 'toycity.py'
photos = 100
per_map = 8
