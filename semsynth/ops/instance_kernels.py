"""Means over instances on a GPU, in three Triton kernels: no sort, and few additions to one address.

The first finds each pixel a place in a hash table that has at least twice as many places as there are pixels: a place
is an instance's number, whatever the ids are. The second takes tiles of the image. A tile adds up one instance after
another, and each of its sums is added to the instance's place by one atomic addition, in place of one for each pixel;
what is left after ``LIMIT`` instances is added pixel by pixel, as so many instances no longer crowd at few places. The
third divides and writes. Backward, the mean is its own adjoint: the second and the third kernel run again.

For 1024x2048 pixels with int64 ids and 3 channels in float32 they read 17 MB of ids and 25 MB of features, write 25 MB
of means, write 8 MB of places and read them twice, and tables of 17 and 67 MB are cleared: 0.18 GB, and 0.13 GB
backward. That is 0.07 ms at 4.3 TB/s, in 8 launches.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

ROWS, COLUMNS = 16, 64
"""Of a tile: wide enough to read whole lines of memory, and compact, as instances are."""
LIMIT = 32
CHANNELS = 4
"""At a time, the number of pixels being one of them: three tiles fit on a multiprocessor, compiled for sm_90."""
WARPS = 8
_GOLDEN = tl.constexpr(-7046029254386353131)
"""2^64 divided by the golden ratio, as int64: multiples of it are spread evenly."""
_EMPTY = tl.constexpr(-1)
_DONE = tl.constexpr(2 ** 31 - 1)


def mean(values: Tensor, instance: Tensor) -> Tensor:
    """``ops.instance_mean`` of float32 or float64 features.

    Args:
        values: ``(B, C, H, W)``.
        instance: object ids, ``(B, H, W)``, any integers.

    Returns:
        ``(B, C, H, W)``.
    """
    return _Mean.apply(values, *_places(instance))


class _Mean(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values: Tensor, places: Tensor, size: int) -> Tensor:
        ctx.save_for_backward(places)
        ctx.size = size
        return _mean(values, places, size)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        places, = ctx.saved_tensors
        return _Mean.apply(gradient, places, ctx.size), None, None


def _places(instance: Tensor) -> tuple[Tensor, int]:
    """Place of each pixel's instance in a table, int32 ``(B, H, W)``, and the table's size."""
    instance = instance.contiguous()
    images, pixels = len(instance), instance[0].numel()
    bits = (2 * instance.numel() - 1).bit_length()
    owners = torch.full((2 ** bits,), -1, dtype=torch.int32, device=instance.device)
    places = torch.empty(instance.shape, dtype=torch.int32, device=instance.device)
    block = ROWS * COLUMNS
    with torch.cuda.device_of(instance):
        _find_places[triton.cdiv(pixels, block), images](instance, owners, places, pixels, bits, block=block,
                                                         num_warps=WARPS)
    return places, 2 ** bits


def _mean(values: Tensor, places: Tensor, size: int) -> Tensor:
    images, channels, height, width = values.shape
    flat = values.flatten(2)  # a view, in either order in memory
    out = torch.empty_like(flat)
    sums = values.new_zeros(size, channels + 1)  # and the number of pixels
    chunks, across = triton.cdiv(channels + 1, CHANNELS), triton.cdiv(width, COLUMNS)
    with torch.cuda.device_of(values):
        _add[across * triton.cdiv(height, ROWS), images, chunks](
            flat, places, sums, channels, height, width, across, *flat.stride(), rows=ROWS, columns=COLUMNS,
            chunk=CHANNELS, limit=LIMIT, num_warps=WARPS)
        _divide[triton.cdiv(height * width, ROWS * COLUMNS), images, chunks](
            sums, places, out, channels, height * width, *out.stride(), block=ROWS * COLUMNS,
            chunk=CHANNELS, num_warps=WARPS)
    return out.unflatten(2, (height, width))


@triton.jit
def _find_places(ids, owners, places, pixels, bits, block: tl.constexpr):
    """The first pixel of an instance to find an empty place owns it, for all pixels of the instance."""
    image = tl.program_id(1)
    first = image * pixels
    pixel = tl.program_id(0) * block + tl.arange(0, block)
    inside = pixel < pixels
    pixel += first
    searching = inside
    id = tl.load(ids + pixel, searching, 0).to(tl.int64)
    last = (1 << bits) - 1
    place = ((((id + image.to(tl.int64) * 0x5851F42D4C957F2D) * _GOLDEN) >> (64 - bits)) & last).to(tl.int32)
    while tl.max(searching.to(tl.int32), 0) > 0:
        owner = tl.load(owners + place, searching, 0)
        empty = searching & (owner == _EMPTY)
        if tl.max(empty.to(tl.int32), 0) > 0:
            # there is no mask: what has not found an empty place compares its own output, to no effect
            asked = tl.where(empty, owners + place, places + tl.where(inside, pixel, first))
            found = tl.atomic_cas(asked, tl.where(empty, _EMPTY, -2), tl.where(empty, pixel, -2))
            owner = tl.where(empty, tl.where(found == _EMPTY, pixel, found), owner)
        same = (tl.load(ids + owner, searching, 0).to(tl.int64) == id) & (owner >= first) & (owner < first + pixels)
        searching = searching & (same == 0)
        place = tl.where(searching, (place + 1) & last, place)
    tl.store(places + pixel, place, inside)


@triton.jit
def _add(values, places, sums, channels, height, width, across, of_image, of_channel, of_pixel, rows: tl.constexpr,
         columns: tl.constexpr, chunk: tl.constexpr, limit: tl.constexpr):
    """Adds a tile's sums, and its numbers of pixels as one more channel, at the places of its instances."""
    image = tl.program_id(1)
    cell = tl.arange(0, rows * columns)
    y = tl.program_id(0) // across * rows + cell // columns
    x = tl.program_id(0) % across * columns + cell % columns
    inside = (y < height) & (x < width)
    pixel = y * width + x
    channel = tl.program_id(2) * chunk + tl.arange(0, chunk)
    place = tl.load(places + image * height * width + pixel, inside, _DONE)
    source = values + image.to(tl.int64) * of_image + channel[:, None].to(tl.int64) * of_channel
    wanted = inside[None, :] & (channel < channels)[:, None]
    value = tl.load(source + pixel[None, :].to(tl.int64) * of_pixel, wanted, 0.)
    value = tl.where((channel == channels)[:, None], 1., value)
    kept = channel <= channels
    stride = channels + 1
    least = tl.min(place, 0)
    count = 0
    while (least != _DONE) & (count < limit):
        own = place == least
        total = tl.sum(tl.where(own[None, :], value, 0.), 1)
        tl.atomic_add(sums + least.to(tl.int64) * stride + channel, total, kept)
        place = tl.where(own, _DONE, place)
        least = tl.min(place, 0)
        count += 1
    if least != _DONE:
        tl.atomic_add(sums + place[None, :].to(tl.int64) * stride + channel[:, None], value,
                      (place != _DONE)[None, :] & kept[:, None])


@triton.jit
def _divide(sums, places, out, channels, pixels, of_image, of_channel, of_pixel, block: tl.constexpr,
            chunk: tl.constexpr):
    """Writes each pixel's mean: that of its instance's place."""
    image = tl.program_id(1)
    pixel = tl.program_id(0) * block + tl.arange(0, block)
    inside = pixel < pixels
    channel = tl.program_id(2) * chunk + tl.arange(0, chunk)
    at = sums + tl.load(places + image * pixels + pixel, inside, 0).to(tl.int64) * (channels + 1)
    count = tl.load(at + channels, inside, 1.)
    wanted = inside[None, :] & (channel < channels)[:, None]
    total = tl.load(at[None, :] + channel[:, None], wanted, 0.)
    target = out + image.to(tl.int64) * of_image + channel[:, None].to(tl.int64) * of_channel
    tl.store(target + pixel[None, :].to(tl.int64) * of_pixel, total / count[None, :], wanted)
