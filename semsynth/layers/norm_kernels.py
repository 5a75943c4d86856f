"""Instance norm on a GPU in two Triton kernels forward and two backward, with what follows it in the same pass.

What follows may be a modulation, ``x * (1 + gamma) + beta``, and a leaky ReLU. Maps are read and written in their own
order in memory, contiguous or channels last, and in their own precision; everything between is float32.

A program takes a run of pixels of some channels, so that a map of few channels keeps the whole GPU busy. It adds up
differences from the mean of its first tile, which lose no digits where a channel's mean is far from 0, and the second
kernel joins what the programs found. Nothing is added by atomics: two runs agree bitwise.

Floors are of bytes, as each kernel reads its maps once. With m bytes of a map, the forward pass moves 3 m, or 5 m with
modulation (x twice, gamma, beta, result). The backward pass moves 5 m (x and the gradient twice, result), with an
activation 7 m (its result twice), with modulation and activation 11 m. At 4.3 TB/s the forward pass of 32 channels of
1024x2048 in bfloat16 takes 0.1 ms.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

from semsynth.layers.memory_order import lies_last

WARPS = 8
TILE = 2048
"""Entries of a tile."""
CHANNELS = 64
"""Most channels of a tile where these lie side by side."""
PROGRAMS = 1024
"""As many as keep all multiprocessors busy."""
RUNS = 256
"""Most runs of pixels of a channel."""


def normalise(x: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None, slope: float = 1.,
              eps: float = 1e-5) -> Tensor:
    """``leaky_relu(norm(x) * (1 + gamma) + beta, slope)``, in the order in memory of x.

    Args:
        x: ``(B, C, H, W)``, on a GPU.
        gamma: None or as x; then there is beta too.
        beta: None or as x.
        slope: of negative results; 1 leaves them, 0 is ReLU.
        eps: added to the variance.
    """
    return _Norm.apply(x, gamma, beta, slope, eps)


class _Grid:
    """How the maps of a shape and order in memory are divided among programs."""

    def __init__(self, x: Tensor):
        images, self.channels, height, width = x.shape
        self.pixels = height * width
        self.order = torch.channels_last if lies_last(x) else torch.contiguous_format
        most = triton.next_power_of_2(self.channels)
        if self.order == torch.channels_last:
            self.across = min(CHANNELS, most)
            self.along = TILE // self.across
            self.strides = self.channels * self.pixels, 1, self.channels
        else:
            self.along = min(TILE, triton.next_power_of_2(self.pixels))
            self.across = min(TILE // self.along, most)
            self.strides = self.channels * self.pixels, self.pixels, 1
        groups = images * triton.cdiv(self.channels, self.across)
        tiles = triton.cdiv(self.pixels, self.along)
        runs = min(max(PROGRAMS // groups, 1), RUNS, tiles)
        self.run = triton.cdiv(tiles, runs) * self.along
        self.runs = triton.cdiv(self.pixels, self.run)
        self.programs = groups, self.runs
        self.rows = images * self.channels

    def launch(self, kernel, *tensors, **constants) -> None:
        """Run a kernel, which has the shape and the strides after its tensors."""
        with torch.cuda.device_of(tensors[0]):
            kernel[self.programs](*tensors, self.channels, self.pixels, self.run, self.rows, self.runs, *self.strides,
                                  across=self.across, along=self.along, num_warps=WARPS, **constants)

    def ordered(self, x: Tensor) -> Tensor:
        """The map in this order in memory."""
        return x.contiguous(memory_format=self.order)


class _Norm(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x: Tensor, gamma: Tensor | None, beta: Tensor | None, slope: float, eps: float) -> Tensor:
        grid = _Grid(x)
        x = grid.ordered(x)
        modulated = gamma is not None
        gamma, beta = (x if each is None else grid.ordered(each) for each in (gamma, beta))
        partial = torch.empty(grid.runs, 2, grid.rows, dtype=torch.float32, device=x.device)
        statistics = torch.empty(2, grid.rows, dtype=torch.float32, device=x.device)
        y = torch.empty_like(x)
        grid.launch(_measure, x, partial)
        grid.launch(_apply, x, gamma, beta, partial, statistics, y, eps=eps, slope=slope, modulated=modulated)
        ctx.grid, ctx.slope, ctx.modulated = grid, slope, modulated
        ctx.save_for_backward(x, statistics, gamma if modulated else None, y if slope != 1 else None)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream: Tensor) -> tuple[Tensor | None, ...]:
        grid: _Grid = ctx.grid
        x, statistics, gamma, y = ctx.saved_tensors
        read = [grid.ordered(upstream), x, x if gamma is None else gamma, x if y is None else y, statistics]
        partial = torch.empty(grid.runs, 2, grid.rows, dtype=torch.float32, device=x.device)
        slopes = [torch.empty_like(x)] + [torch.empty_like(gamma) for _ in range(2) if gamma is not None]
        written = [slopes[0], *(slopes[1:] or [x, x])]
        how = dict(slope=ctx.slope, modulated=ctx.modulated)
        grid.launch(_gather, *read, partial, **how)
        grid.launch(_spread, *read, partial, *written, **how)
        return *(slopes if ctx.modulated else (slopes[0], None, None)), None, None


@triton.jit
def _place(channels, pixels, run, image_stride, channel_stride, pixel_stride, across: tl.constexpr,
           along: tl.constexpr):
    """A program's rows and whether they are some; where its run of pixels begins; its tile from there; its length."""
    groups = tl.cdiv(channels, across)
    image, group = tl.program_id(0) // groups, tl.program_id(0) % groups
    first = tl.program_id(1) * run
    channel = tl.arange(0, across)
    inside = group * across + channel < channels
    begin = image.to(tl.int64) * image_stride + (group * across).to(tl.int64) * channel_stride
    begin += first.to(tl.int64) * pixel_stride
    tile = tl.arange(0, along)[:, None] * pixel_stride + (channel * channel_stride)[None, :]
    return image * channels + group * across + channel, inside, begin, tile, tl.minimum(run, pixels - first)


@triton.jit
def _load(values, at, counts):
    return tl.load(values + at, counts, 0.).to(tl.float32)


@triton.jit
def _sum_of_runs(partial, row, inside, rows, runs, across: tl.constexpr):
    """Of each row, what all programs found."""
    total = tl.zeros((across,), tl.float32)
    for number in range(runs):
        total += tl.load(partial + 2 * number * rows + row, inside, 0.)
    return total


@triton.jit
def _measure(x, partial, channels, pixels, run, rows, runs, image_stride, channel_stride, pixel_stride,
             across: tl.constexpr, along: tl.constexpr):
    """Each row's mean over the run, and the sum of the squares of differences from it."""
    row, inside, begin, tile, length = _place(channels, pixels, run, image_stride, channel_stride, pixel_stride,
                                              across, along)
    x += begin
    counts = (tl.arange(0, along) < length)[:, None] & inside[None, :]
    near = tl.sum(_load(x, tile, counts), 0) / tl.minimum(along, length)
    total = tl.zeros((along, across), tl.float32)
    squares = tl.zeros((along, across), tl.float32)
    for start in range(0, length, along):
        counts = (tl.arange(0, along) < length - start)[:, None] & inside[None, :]
        value = _load(x, tile + start * pixel_stride, counts) - near[None, :]
        value = tl.where(counts, value, 0.)
        total += value
        squares += value * value
    number = length.to(tl.float32)
    difference = tl.sum(total, 0) / number
    to = partial + 2 * tl.program_id(1) * rows + row
    tl.store(to, near + difference, inside)
    tl.store(to + rows, tl.sum(squares, 0) - number * difference * difference, inside)


@triton.jit
def _apply(x, gamma, beta, partial, statistics, y, channels, pixels, run, rows, runs, image_stride, channel_stride,
           pixel_stride, across: tl.constexpr, along: tl.constexpr, eps: tl.constexpr, slope: tl.constexpr,
           modulated: tl.constexpr):
    """Joins the runs' means and squares, keeps mean and 1 / deviation, and writes the result."""
    row, inside, begin, tile, length = _place(channels, pixels, run, image_stride, channel_stride, pixel_stride,
                                              across, along)
    x, gamma, beta, y = x + begin, gamma + begin, beta + begin, y + begin
    mean = tl.zeros((across,), tl.float32)
    squares = tl.zeros((across,), tl.float32)
    before = 0.
    for number in range(runs):  # in the order of the pixels, as each mean moves towards the next
        count = 1.0 * tl.minimum(run, pixels - number * run)
        found = partial + 2 * number * rows + row
        difference = tl.load(found, inside, 0.) - mean
        share = count / (before + count)
        mean += difference * share
        squares += tl.load(found + rows, inside, 0.) + difference * difference * before * share
        before += count
    scale = 1 / tl.sqrt(squares / pixels + eps)
    if tl.program_id(1) == 0:
        tl.store(statistics + row, mean, inside)
        tl.store(statistics + rows + row, scale, inside)
    for start in range(0, length, along):
        counts = (tl.arange(0, along) < length - start)[:, None] & inside[None, :]
        at = tile + start * pixel_stride
        value = (_load(x, at, counts) - mean[None, :]) * scale[None, :]
        if modulated:
            value = value * (1 + _load(gamma, at, counts)) + _load(beta, at, counts)
        if slope != 1:
            value = tl.where(value < 0, value * slope, value)
        tl.store(y + at, value.to(y.dtype.element_ty), counts)


@triton.jit
def _inner(upstream, x, gamma, y, mean, scale, at, counts, slope: tl.constexpr, modulated: tl.constexpr):
    """The gradients of the modulated and of the normalised map, and the latter."""
    outer = _load(upstream, at, counts)
    if slope != 1:
        outer = tl.where(_load(y, at, counts) > 0, outer, outer * slope)
    value = (_load(x, at, counts) - mean[None, :]) * scale[None, :]
    inner = outer
    if modulated:
        inner = outer * (1 + _load(gamma, at, counts))
    return outer, inner, value


@triton.jit
def _gather(upstream, x, gamma, y, statistics, partial, channels, pixels, run, rows, runs, image_stride, channel_stride,
            pixel_stride, across: tl.constexpr, along: tl.constexpr, slope: tl.constexpr, modulated: tl.constexpr):
    """Each row's sum over the run of the normalised map's gradient, and of its product with the map."""
    row, inside, begin, tile, length = _place(channels, pixels, run, image_stride, channel_stride, pixel_stride,
                                              across, along)
    upstream, x, gamma, y = upstream + begin, x + begin, gamma + begin, y + begin
    mean, scale = tl.load(statistics + row, inside, 0.), tl.load(statistics + rows + row, inside, 0.)
    total = tl.zeros((along, across), tl.float32)
    products = tl.zeros((along, across), tl.float32)
    for start in range(0, length, along):
        counts = (tl.arange(0, along) < length - start)[:, None] & inside[None, :]
        at = tile + start * pixel_stride
        _, inner, value = _inner(upstream, x, gamma, y, mean, scale, at, counts, slope, modulated)
        total += inner
        products += inner * value
    to = partial + 2 * tl.program_id(1) * rows + row
    tl.store(to, tl.sum(total, 0), inside)
    tl.store(to + rows, tl.sum(products, 0), inside)


@triton.jit
def _spread(upstream, x, gamma, y, statistics, partial, to_x, to_gamma, to_beta, channels, pixels, run, rows, runs,
            image_stride, channel_stride, pixel_stride, across: tl.constexpr, along: tl.constexpr, slope: tl.constexpr,
            modulated: tl.constexpr):
    """Writes the gradients."""
    row, inside, begin, tile, length = _place(channels, pixels, run, image_stride, channel_stride, pixel_stride,
                                              across, along)
    upstream, x, gamma, y = upstream + begin, x + begin, gamma + begin, y + begin
    to_x, to_gamma, to_beta = to_x + begin, to_gamma + begin, to_beta + begin
    mean, scale = tl.load(statistics + row, inside, 0.), tl.load(statistics + rows + row, inside, 0.)
    common = _sum_of_runs(partial, row, inside, rows, runs, across) / pixels
    tilt = _sum_of_runs(partial + rows, row, inside, rows, runs, across) / pixels
    for start in range(0, length, along):
        counts = (tl.arange(0, along) < length - start)[:, None] & inside[None, :]
        at = tile + start * pixel_stride
        outer, inner, value = _inner(upstream, x, gamma, y, mean, scale, at, counts, slope, modulated)
        if modulated:
            tl.store(to_gamma + at, (outer * value).to(to_gamma.dtype.element_ty), counts)
            tl.store(to_beta + at, outer.to(to_beta.dtype.element_ty), counts)
        result = (inner - common[None, :] - value * tilt[None, :]) * scale[None, :]
        tl.store(to_x + at, result.to(to_x.dtype.element_ty), counts)
