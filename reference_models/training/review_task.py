"""Telling kind reviews from unkind ones (Young et al., table III)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from reference_models.data.reviews import Reviews, ReviewSplit
from reference_models.networks.review_lstm import ReviewLstm
from reference_models.training.tasks import Run, Signature

_BATCH = 250  # of measurements


class ReviewTask:
    """Trains the LSTM and measures its accuracy.

    Parameters
    ----------
    data
        Reviews of LENGTH words.
    device
        Where to train.
    words, units
        Sizes of the network.
    length
        Train on the last so many words of each review; measured on all.
    """

    def __init__(self, data: ReviewSplit, device: torch.device, words: int, units: int, length: int) -> None:
        network = ReviewLstm(words, units).to(device)
        self.networks: dict[str, nn.Module] = {"lstm": network}
        self._words, self._opinions = _tensors(data.training, device)
        self._test = _tensors(data.test, device)
        self._length = length
        self.signatures = {"lstm": Signature(self._test[0][:1].long(), "words", "logits")}
        self.examples = len(self._words)

    def losses(self, chosen: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield the cross-entropy."""
        words, opinions = self._words[chosen, -self._length :], self._opinions[chosen]
        logits = self.networks["lstm"](words.long())[:, 0]
        yield "lstm", nn.functional.binary_cross_entropy_with_logits(logits, opinions)

    def measure(self, run: Run) -> dict[str, float]:
        """Return the share of test reviews that are told rightly."""
        words, opinions = self._test
        right = 0
        with torch.no_grad():
            for some, truth in zip(words.split(_BATCH), opinions.split(_BATCH), strict=True):
                right += int(((run(some.long())[:, 0] > 0) == (truth > 0)).sum())
        return {"accuracy": right / len(words)}


def _tensors(reviews: Reviews, device: torch.device) -> tuple[Tensor, Tensor]:
    words = torch.from_numpy(reviews.words).to(device)
    return words, torch.from_numpy(reviews.labels).to(device, torch.float32)
