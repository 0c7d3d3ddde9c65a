"""The choice of how the change of a weight tensor is coded: not at all, as a product, as levels, or fresh.

An error of the change is not like noise. What training changed all points where outputs feel it, and coding
noise nowhere: a change far below the noise of the weights can be all that was learnt. So it is coded by
itself, as the new weights less the old ones before these were coded, and added to the old ones as they were
decoded ("open loop"); the noise that they have stays. And an error of the change is given a price of its own,
as if noise of a `share` of what fresh weights may have were as bad. Of all ways to code the change that one
is taken whose bits, and error at this price, are least: the rule by which fresh weights have their steps,
with another price.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.methods.weights import SCALAR, Quantized, Scalar, quantize, scale_contexts
from nntc.encoder.quantize.dct import forward
from nntc.encoder.quantize.rates import expected_bits
from nntc.encoder.quantize.shaping import Shaping, output_gain
from nntc.encoder.tensor.difference import Product
from nntc.encoder.tensors import Tensor
from nntc.encoder.update.elements import BaseElements
from nntc.encoder.update.grid import Grid
from nntc.encoder.update.lowrank import LowRank, Spectrum, products, spectrum
from nntc.format.memory import product_memory
from nntc.format.registry import ViewKind
from nntc.format.trellis import EIGHT_STATES, Machine
from nntc.reader.changes import Change

_PER_BIT = 2 * float(np.log(2))
"""What a bit saves, in units of the noise power of one element at the best trade."""
_UNRELATED = 0.5
"""Power of a change relative to the weights' from which they have nothing in common."""
_NOISY = 0.2
"""Part of the noise that fresh weights would have from which what is left of a change may be coding noise."""
_NOISY_SHARE = 0.25
"""Price of errors, as a part of that of noise, where what was learnt is hidden in noise."""
_CLEARLY = 4.0
"""How much larger than the noise a change must be for levels of it to keep what was learnt."""
_FINER = 4.0
"""How much dearer errors of the change are where the base has a grid, on which there are hardly any."""
_COARSER = 2.0
"""Noise of the base, relative to what weights may have, from which it may be worth to take it away."""
_ROUNDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """How a tensor is coded.

    Parameters
    ----------
    product
        What is added first, if anything of low rank is.
    quantized
        Levels: of what is added then, or of the weights themselves if the change is FRESH.
    """

    change: Change
    product: Product | None = None
    quantized: Quantized | Scalar | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """What errors cost.

    Parameters
    ----------
    noise
        Noise power that fresh weights may have, relative to their own.
    share
        Part of it that is as bad where it is an error of the change.
    is_exact
        Whether the base's weights are known as they were before they were coded.
    room
        Bytes that a decoder has for a product, and then no section has several records; None for any.
    """

    noise: float
    share: float
    is_exact: bool
    room: int | None = None


def choose(
    tensor: Tensor,
    candidates: Sequence[Shaping],
    base: BaseElements,
    prices: Prices,
    by_row: bool = True,
    machine: Machine = EIGHT_STATES,
    device: Device = ANY_DEVICE,
    scalar: bool = False,
) -> Chosen:
    """Choose how a weight tensor with a like in the base is coded.

    Parameters
    ----------
    candidates
        Its shapings.
    base
        What of the base it came from.
    machine
        The trellis to search.
    device
        Where it is decoded.
    scalar
        Whether fresh weights are to have no trellis.
    """
    return _Choice(tensor, candidates, base, prices, by_row, machine, device, scalar).best()


class _Choice:
    def __init__(
        self,
        tensor: Tensor,
        candidates: Sequence[Shaping],
        base: BaseElements,
        prices: Prices,
        by_row: bool,
        machine: Machine,
        device: Device,
        scalar: bool,
    ) -> None:
        self._candidates, self._prices, self._by_row = candidates, prices, by_row
        self._searched, self._scalar = (machine, device), scalar
        self._view, self._grid = tensor.view, base.grid
        self._values = tensor.values()
        self._coded = base.values(tensor.view)
        before = base.exact_values(tensor.view) if prices.is_exact else self._coded
        self._power = float(self._values @ self._values)
        self._stays = float(np.square(self._coded - before).sum())
        if not self._stays < _UNRELATED * self._power:  # the base is not what those weights became
            before, self._stays = self._coded, 0.0
        self._change = self._values - before
        self._allowed = prices.noise * self._power
        self._white = _PER_BIT * self._allowed / tensor.size
        """Error that a bit is worth, as noise."""
        self._learnt = self._white * prices.share / (_FINER if base.grid is not None else 1)
        """And as an error of the change."""
        shaped = candidates[-1]
        whole = self._values if shaped.transform is None else forward(self._values, shaped.transform)
        self._gain = output_gain(shaped, whole)
        """How much more noise weights may have where it is put where inputs have little power."""

    def best(self) -> Chosen:
        """Return what costs least."""
        if not self._change.any() or not np.isfinite(self._change).all():
            return Chosen(Change.SAME) if not self._change.any() else self._fresh()[1]
        power = float(self._change @ self._change)
        if not power < _UNRELATED * self._power:
            return self._fresh()[1]
        choices = [(power / self._learnt, Chosen(Change.SAME)), *self._changes(power)]
        best = min(choices, key=lambda choice: choice[0])
        # About what fresh weights take: half a bit for each factor of 2 of their power to that of the noise.
        fresh = 0.5 * self._values.size * np.log2(1 / min(self._prices.noise, 0.99))
        if best[0] > 0.7 * fresh:
            best = min(best, self._fresh(), key=lambda choice: choice[0])
        return best[1]

    def _changes(self, power: float) -> Iterator[tuple[float, Chosen]]:
        """Yield costs in bits, and ways to code the change."""
        if self._grid is not None:
            yield from self._on_grid(self._grid)
        price = self._learnt
        matrix = self._change.reshape(self._view.rows, -1)
        if self._view.kind is not ViewKind.RAGGED and min(matrix.shape) > 1:
            found = spectrum(matrix)
            noise = 0.0 if self._prices.is_exact else _noise(power, found, matrix.shape)
            if noise * matrix.size > _NOISY * self._allowed:
                # What is left beside a few ranks is mostly the noise of a base that is not known without, and
                # somewhere in it what was learnt: it is taken away so far that little of that is lost.
                price = max(self._white * _NOISY_SHARE, price)
            least = noise * float(np.sqrt(matrix.shape[0]) + np.sqrt(matrix.shape[1])) ** 2
            seen = Spectrum(*found) if not least else _above(found, least)
            low = [one for one in products(matrix, seen, self._learnt / _PER_BIT) if self._has_room(one)]
            for one in low:
                yield one.bits + one.error / price, Chosen(Change.LOW_RANK, one.product)
            if low and self._prices.room is None:
                yield from self._both(min(low, key=lambda one: one.product.codes.size), price)
        yield from self._levels(self._change, price)
        allowed = self._allowed * self._gain
        if self._stays > _COARSER * allowed:  # closer than the base is: its noise goes, too
            whole = self._values - self._coded
            if float(whole @ whole) > _CLEARLY * allowed:
                for bits, _, quantized in self._quantized(whole, self._allowed):
                    cost = bits + (allowed - self._stays) / (self._white * self._gain)
                    yield cost, Chosen(Change.DIFFERENCE, None, quantized)

    def _on_grid(self, grid: Grid) -> Iterator[tuple[float, Chosen]]:
        """Yield the cost of other levels on the grid of the base, and these."""
        whole = self._values - self._coded
        try:
            levels = grid.nearest(whole, self._view.rows)
        except ValueError:  # too many steps
            return
        if not levels.levels.any():
            yield 0.0, Chosen(Change.SAME)
            return
        noise = _error(levels, whole) - self._stays
        yield _bits(levels) + noise / (self._white * self._gain), Chosen(Change.DIFFERENCE, None, levels)

    def _has_room(self, one: LowRank) -> bool:
        """Return whether the decoder can keep a product."""
        product = one.product
        need = product_memory(product.codes.size, len(product.left), product.right.shape[1])
        return self._prices.room is None or need <= self._prices.room

    def _levels(self, change: NDArray[np.float64], price: float) -> Iterator[tuple[float, Chosen]]:
        for bits, error, quantized in self._quantized(change, price / _PER_BIT * change.size):
            yield bits + error / price, Chosen(Change.DIFFERENCE, None, quantized)

    def _both(self, low: LowRank, price: float) -> Iterator[tuple[float, Chosen]]:
        """Yield a product with levels of what it leaves."""
        rest = self._change - low.change.ravel()
        for cost, chosen in self._levels(rest, price):
            yield cost + low.bits, Chosen(Change.LOW_RANK, low.product, chosen.quantized)

    def _quantized(
        self, change: NDArray[np.float64], noise: float
    ) -> Iterator[tuple[float, float, Quantized | Scalar]]:
        """Yield bits, error and levels of values that may have about so much noise, if they are larger."""
        power = float(change @ change)
        if power > noise:
            quantized = quantize(self._candidates, change, noise / power, self._by_row, *self._searched)
            yield _bits(quantized), _error(quantized, change), quantized

    def _fresh(self) -> tuple[float, Chosen]:
        noise, scalar = self._prices.noise, self._scalar
        quantized = quantize(
            self._candidates, self._values, noise, self._by_row, *self._searched, scalar=scalar
        )
        more = self._allowed - self._stays / self._gain
        cost = _bits(quantized) + more / self._white
        return cost, Chosen(Change.FRESH, None, quantized)


def _above(found: Spectrum, least: float) -> Spectrum:
    """Return the part of a spectrum that white noise does not explain; `least` is a squared value."""
    count = int(np.count_nonzero(np.square(found.values) > least))
    return Spectrum(found.left[:, :count], found.values[:count], found.right[:count])


def _noise(power: float, found: Spectrum, shape: tuple[int, ...]) -> float:
    """Return the power of an element of white noise that a few ranks stand out of."""
    rows, columns = shape
    noise = power / (rows * columns)
    squares = np.square(found.values)
    for _ in range(_ROUNDS):
        edge = noise * (np.sqrt(rows) + np.sqrt(columns)) ** 2
        rank = min(int(np.count_nonzero(squares > edge)), min(shape) - 1)
        noise = max(power - float(squares[:rank].sum()), 0.0) / ((rows - rank) * (columns - rank))
    return noise


def _in_steps(
    q: Quantized | Scalar, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values in the domain in which they have levels, and the step of each."""
    transform = q.candidate.transform
    coefficients = values if transform is None else forward(values, transform)
    steps = np.broadcast_to(
        q.base_step * q.candidate.steps, (values.size // q.candidate.steps.size, q.candidate.steps.size)
    )
    steps = steps.reshape(q.candidate.view.rows, -1)
    if q.row_steps is not None:
        steps = steps * q.row_steps.factors[:, None]
    return coefficients, steps.ravel()


def _error(q: Quantized | Scalar, values: NDArray[np.float64]) -> float:
    """Return the sum of the squares of what levels leave of values."""
    coefficients, steps = _in_steps(q, values)
    decoded = SCALAR.values(q.levels) if isinstance(q, Scalar) else q.found.fine
    return float(np.square(coefficients - decoded * steps).sum())


def _bits(q: Quantized | Scalar) -> float:
    """Return about how many bits levels take, with tables that are shared."""
    if isinstance(q, Scalar):
        counts = np.unique(q.levels, return_counts=True)[1]
        return float(-(counts @ np.log2(counts / q.levels.size))) + 8 * counts.size
    contexts = scale_contexts(q.scales, q.candidate).astype(np.intp)
    tokens = expected_bits()[2 * contexts + q.found.quantizers, q.found.tokens]
    side = len(q.scales.classes.write(q.candidate.view)) + (0 if q.candidate.codes is None else 40)
    return float(tokens.sum(dtype=np.float64)) + 8 * side + 300
