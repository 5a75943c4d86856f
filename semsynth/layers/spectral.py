"""Spectral normalisation of weights (Miyato et al. 2018), for all layers of a network at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils import parametrize

from semsynth.autocast import without_autocast

EPS = 1e-12
"""The least length that a vector is divided by, as in torch's spectral norm."""


class SpectralNorm(nn.Module):
    """A parametrization that divides each of a weight's K matrices by its largest singular value ``u W v``.

    In training, each reading of the weight begins with one power iteration, v before u; none is made before the first.
    Within ``one_turn`` there is one for all readings. (``torch.nn.utils.parametrizations.spectral_norm`` has the other
    order, and 15 iterations when it is built.)
    """

    ready: Tensor | None = None
    """The weight of this turn."""

    def forward(self, weight: Tensor) -> Tensor:
        """The weight, each of its matrices with a largest singular value of about 1."""
        return _normalised([self], [weight])[0] if self.ready is None else self.ready

    def right_inverse(self, value: Tensor) -> Tensor:
        """What a new weight is stored as: itself."""
        return value

    @property
    def vectors(self) -> tuple[Tensor, Tensor]:
        """The estimates of the singular vectors: u, ``(K, M)``, and v, ``(K, N)``; views of the buffers."""
        raise NotImplementedError

    def matrices(self, weight: Tensor) -> Tensor:
        """A view of the weight as its matrices, ``(K, M, ...)``, where what follows M has N entries."""
        raise NotImplementedError

    def restored(self, matrices: Tensor) -> Tensor:
        """The weight whose ``matrices`` these are."""
        raise NotImplementedError


class WeightedLayer(nn.Module):
    """A layer that holds the weights of several convolutions in one parameter, ``weight``, and has a ``bias``."""

    weight: Tensor
    bias: Tensor

    @property
    def kernels(self) -> Tensor:
        """The weights of each convolution, ``(N, out, in, h, w)``: they are initialised one by one."""
        raise NotImplementedError

    def spectral_norm(self) -> SpectralNorm:
        """A parametrization of ``weight`` that divides each convolution's by its largest singular value."""
        raise NotImplementedError


WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, WeightedLayer)
"""The layers whose weights are initialised and normalised."""


def spectral_norm(module: nn.Module) -> nn.Module:
    """Spectral normalisation of every convolution and linear layer in a module that has none yet.

    As ``torch.nn.utils.spectral_norm``, which the papers' codes use; ``SpectralNorm`` says when it iterates. A
    ``WeightedLayer`` normalises each of its convolutions by itself.
    """
    for layer in list(module.modules()):
        if not isinstance(layer, WEIGHTED) or parametrize.is_parametrized(layer, 'weight'):
            continue
        if isinstance(layer, WeightedLayer):
            norm = layer.spectral_norm()
        else:
            norm = _LayerSpectralNorm(layer.weight, transposed=isinstance(layer, nn.ConvTranspose2d))
        parametrize.register_parametrization(layer, 'weight', norm, unsafe=True)  # to be safe, torch would call it
    return module


def bake(module: nn.Module) -> nn.Module:
    """Replace every parametrized weight, such as one under spectral norm, by a plain parameter of its present value.

    Results in eval mode stay the same, and are computed faster. In place; not for a copy of another module, because
    torch's copies share the class that this changes. The module cannot load checkpoints of training afterwards.
    """
    for layer in list(module.modules()):
        for name in list(getattr(layer, 'parametrizations', ())):
            parametrize.remove_parametrizations(layer, name)
    return module


@contextmanager
def one_turn(network: nn.Module) -> Iterator[None]:
    """Within it, parametrized weights are computed once, however often they are read.

    Those under spectral norm are computed at its beginning, all together: matrices of one shape are multiplied as a
    batch, so that the number of operations grows with the number of shapes and not of layers. Do not change weights
    and read them again within it.

    Args:
        network: what will run; its parameters have one dtype and are on one device.
    """
    lists = [each for each in network.modules() if isinstance(each, parametrize.ParametrizationList)]
    pairs = [(each[0], each.original) for each in lists if isinstance(each[0], SpectralNorm) and each.training]
    norms = [norm for norm, _ in pairs]
    for norm, weight in zip(norms, _normalised(norms, [weight for _, weight in pairs]), strict=True):
        norm.ready = weight
    try:
        with parametrize.cached():
            yield
    finally:
        for norm in norms:
            norm.ready = None


class _LayerSpectralNorm(SpectralNorm):
    """That of a layer with one matrix, whose rows belong to its outputs; with ``transposed``, they come second."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, transposed: bool):
        super().__init__()
        self.transposed = transposed
        matrix = self.matrices(weight.detach())[0].flatten(1)
        self.register_buffer('_u', F.normalize(torch.randn_like(matrix[:, 0]), dim=0))
        self.register_buffer('_v', F.normalize(torch.randn_like(matrix[0]), dim=0))

    @property
    def vectors(self) -> tuple[Tensor, Tensor]:
        return self._u.unsqueeze(0), self._v.unsqueeze(0)

    def matrices(self, weight: Tensor) -> Tensor:
        return (weight.movedim(1, 0) if self.transposed else weight).unsqueeze(0)

    def restored(self, matrices: Tensor) -> Tensor:
        weight = matrices.squeeze(0)
        return weight.movedim(1, 0) if self.transposed else weight


def _normalised(norms: Sequence[SpectralNorm], weights: Sequence[Tensor]) -> list[Tensor]:
    """Each weight divided by its singular values; those of layers in training after an iteration."""
    groups: dict[tuple, list[int]] = {}
    with without_autocast(weights[0].device) if weights else nullcontext():
        with torch.no_grad():
            parts = [norm.matrices(weight) for norm, weight in zip(norms, weights, strict=True)]
            for number, (norm, weight, part) in enumerate(zip(norms, weights, parts, strict=True)):
                alike = norm.training, weight.requires_grad, part.shape[1:], part.stride()[1:]
                groups.setdefault(alike, []).append(number)
            stacks = [_Stack([norms[number] for number in numbers], [parts[number] for number in numbers])
                      for numbers in groups.values()]
            _gather(stacks)
            _iterate([stack for stack in stacks if stack.norms[0].training])
            for stack in stacks:
                if not stack.norms[0].training:
                    stack.read()
        results = [_Divide.apply(stack, *(weights[number] for number in numbers))
                   for stack, numbers in zip(stacks, groups.values(), strict=True)]
    by_number = dict(zip(chain(*groups.values()), chain(*results), strict=True))
    return [by_number[number] for number in range(len(weights))]


def _gather(stacks: Sequence[_Stack]) -> None:
    """Copy the parts of stacks to their entries, all at once; one part alone is not copied."""
    several = [stack for stack in stacks if len(stack.parts) > 1]
    if several:
        torch._foreach_copy_([place for stack in several for place in stack.entries.split(stack.counts)],
                             [part for stack in several for part in stack.parts])


def _iterate(stacks: Sequence[_Stack]) -> None:
    """One power iteration of all matrices, whose vectors go to the layers' buffers."""
    if not stacks:
        return
    buffers = [[norm.vectors for norm in stack.norms] for stack in stacks]
    before = torch.cat([u.flatten() for u, _ in chain(*buffers)]).split([stack.rows for stack in stacks])
    matrices = [stack.entries.flatten(2) for stack in stacks]
    v, _ = _unit_products([u.view(stack.shape[:2]) for stack, u in zip(stacks, before, strict=True)], matrices)
    u, sigma = _unit_products(v, [each.mT for each in matrices])
    for stack, *found in zip(stacks, u, v, sigma, strict=True):
        stack.u, stack.v, stack.sigma = found
    torch._foreach_copy_([pair[place] for place in range(2) for pair in chain(*buffers)],
                         [part for vectors in (u, v) for stack, each in zip(stacks, vectors, strict=True)
                          for part in each.split(stack.counts)])


def _unit_products(vectors: Sequence[Tensor], matrices: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The products of vectors ``(K, M)`` with matrices ``(K, M, N)``, divided by their lengths, and these.

    All products are rows of one tensor, with zeros behind the shorter ones, and are divided at once.

    Returns:
        For each two of them, vectors of length 1, ``(K, N)``, and what they were divided by, ``(K,)``.
    """
    counts, sizes = [len(each) for each in vectors], [each.shape[2] for each in matrices]
    rows = vectors[0].new_zeros(sum(counts), max(sizes))
    products = [part[:, :size] for part, size in zip(rows.split(counts), sizes, strict=True)]
    for each, matrix, product in zip(vectors, matrices, products, strict=True):
        torch.bmm(each.unsqueeze(1), matrix, out=product.unsqueeze(1))
    lengths = torch.linalg.vector_norm(rows, dim=1).clamp_min_(EPS)
    rows.div_(lengths.unsqueeze(1))
    return products, list(lengths.split(counts))


class _Stack:
    """The matrices of some layers, which have one shape and one order in memory, as a batch.

    Attributes:
        parts: ``(K, M, ...)`` of each layer.
        entries: those of all layers together.
        u, v, sigma: singular vectors and values, ``(K, M)``, ``(K, N)`` and ``(K,)``.
    """

    parts: list[Tensor]
    entries: Tensor
    u: Tensor
    v: Tensor
    sigma: Tensor

    def __init__(self, norms: Sequence[SpectralNorm], parts: list[Tensor]):
        self.norms, self.parts = norms, parts
        self.counts = [len(part) for part in parts]
        self.shape = sum(self.counts), *parts[0].shape[1:]
        self.rows = self.shape[0] * self.shape[1]
        self.strides = parts[0].numel() // self.counts[0], *parts[0].stride()[1:]
        self.entries = parts[0] if len(parts) == 1 else self.empty(parts[0])

    def restored(self, entries: Tensor) -> list[Tensor]:
        """The weight of each layer."""
        return [norm.restored(part) for norm, part in zip(self.norms, entries.split(self.counts), strict=True)]

    def read(self) -> None:
        """Take the vectors from the layers' buffers, which may change before the backward pass."""
        self.u, self.v = (torch.cat(vectors) for vectors in zip(*(norm.vectors for norm in self.norms), strict=True))
        matrices = self.entries.flatten(2)
        if len(self.u) == 1:  # as torch's own, to the last bit: so are official networks
            self.sigma = torch.dot(self.u[0], torch.mv(matrices[0], self.v[0])).view(1)
        else:
            self.sigma = (self.u * torch.bmm(self.v.unsqueeze(1), matrices.mT).squeeze(1)).sum(1)

    def empty(self, like: Tensor) -> Tensor:
        """Memory for entries, in the order that the layers' weights have."""
        return like.new_empty_strided(self.shape, self.strides)

    def forget(self) -> None:
        """Leave the tensors to those who have them."""
        del self.parts, self.entries, self.u, self.v, self.sigma


def _join(parts: list[Tensor]) -> Tensor:
    """As a batch; a layer alone is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


class _Divide(torch.autograd.Function):
    """Divides a stack's weights by their singular values, ``u W v``, whose vectors are constants to the gradient."""

    @staticmethod
    def forward(ctx, stack: _Stack, *weights: Tensor) -> tuple[Tensor, ...]:
        entries, u, v = stack.entries, stack.u, stack.v
        sigma = stack.sigma.view(-1, *[1] * (entries.ndim - 1))
        normalised = torch.div(entries, sigma, out=entries if len(weights) > 1 else stack.empty(entries))
        ctx.stack = stack
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(normalised, u, v, sigma)
        stack.forget()
        return tuple(stack.restored(normalised))

    @staticmethod
    @once_differentiable
    def backward(ctx, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        stack: _Stack = ctx.stack
        normalised, u, v, sigma = ctx.saved_tensors
        slope = _join([torch.zeros_like(part) if gradient is None else norm.matrices(gradient) for norm, gradient, part
                       in zip(stack.norms, gradients, normalised.split(stack.counts), strict=True)])
        result = torch.mul(slope, normalised, out=stack.empty(slope))
        along = result.sum(tuple(range(1, result.ndim)), keepdim=True)
        u, v = u.view(*u.shape, *[1] * (slope.ndim - 2)), v.view(len(v), 1, *slope.shape[2:])
        torch.addcmul(slope, u * along, v, value=-1, out=result).div_(sigma)
        return None, *(None if gradient is None else weight
                       for gradient, weight in zip(gradients, stack.restored(result), strict=True))
