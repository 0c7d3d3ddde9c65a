"""Run a network, or a part of it, on samples of its inputs, and compare outputs."""

from nntc.encoder.network.checkpoint import Checkpoint
from nntc.encoder.network.divergence import Divergence, Reference
from nntc.encoder.network.network import Network
from nntc.encoder.network.output_form import OutputForm, OutputKind
from nntc.encoder.network.session import Session

__all__ = [
    "Checkpoint",
    "Divergence",
    "Network",
    "OutputForm",
    "OutputKind",
    "Reference",
    "Session",
]
