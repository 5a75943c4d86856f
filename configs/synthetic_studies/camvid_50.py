# The same with 50 photos, evenly spread over the films that they are from, and more images of each.
_base_ = 'camvid.py'
photos = 50
per_map = 8
