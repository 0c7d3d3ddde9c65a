"""The LSTM of Young et al., which tells kind film reviews from unkind ones.

    500 word numbers ─► embedding 20,000 x 128 ─► LSTM 128, its last output ─► dense 1

2,560,000 + 131,584 + 129 = 2,691,713 parameters, as the paper has them layer by layer. Its 131,584 is how
Keras counts an LSTM: 4 gates x 128 units x (128 inputs + 128 states + 1 bias). PyTorch and ONNX have a second
bias vector, which is kept at zero here and not trained.

Initial weights are small, as Keras draws them: most words are rare and their vectors hardly move, so that
pruning by magnitude finds them only if they did not start out large.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

WORDS = 20_000
LENGTH = 500
UNITS = 128
_EMBEDDING_RANGE = 0.05
_DROPOUT = 0.3


class ReviewLstm(nn.Module):  # type: ignore[misc]  # torch is an extra, so mypy never sees its types
    """Reads int64 word numbers (N, length) in 0..words-1, 0 for padding in front; gives logits (N, 1).

    Parameters
    ----------
    words
        Size of the vocabulary.
    units
        Length of a word's vector, and of the state.
    """

    def __init__(self, words: int = WORDS, units: int = UNITS) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, units)
        self.dropout = nn.Dropout(_DROPOUT)
        self.lstm = nn.LSTM(units, units, batch_first=True)
        self.dense = nn.Linear(units, 1)
        self._initialize(units)

    def _initialize(self, units: int) -> None:
        nn.init.uniform_(self.embedding.weight, -_EMBEDDING_RANGE, _EMBEDDING_RANGE)
        nn.init.xavier_uniform_(self.lstm.weight_ih_l0)
        nn.init.orthogonal_(self.lstm.weight_hh_l0)
        nn.init.zeros_(self.lstm.bias_ih_l0)
        with torch.no_grad():
            self.lstm.bias_ih_l0[units : 2 * units] = 1.0  # forget gates begin open
        nn.init.zeros_(self.lstm.bias_hh_l0)
        self.lstm.bias_hh_l0.requires_grad_(False)
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

    def forward(self, words: Tensor) -> Tensor:
        """Return the logits, positive for kind reviews."""
        _, (state, _) = self.lstm(self.dropout(self.embedding(words)))
        return cast("Tensor", self.dense(self.dropout(state[-1])))
