"""Delivery over the air: a signed repository on any web server, and devices that follow it.

    nntc.delivery.publish("repository", "model.onnx", name="digits", version="1.4", keys="keys")
    nntc.delivery.pull("https://example.com/repository", "device", name="digits")
    nntc.delivery.rollback("device")

Metadata are those of TUF, The Update Framework, made and judged by python-tuf (extra `delivery`). In this
order: `release` says what a target file is, `plan` which of them to fetch, `repository` and `publishing` are
the publisher's side, `download` and `pulling` the device's, `device` what it holds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntc.delivery.device import Installed, current, rollback
    from nntc.delivery.publishing import Published, publish, refresh, withdraw
    from nntc.delivery.pulling import Pulled, pull
    from nntc.delivery.settings import Network

__all__ = [
    "Installed",
    "Network",
    "Published",
    "Pulled",
    "current",
    "publish",
    "pull",
    "refresh",
    "rollback",
    "withdraw",
]

_HOMES = {
    "Installed": "device",
    "Network": "settings",
    "Published": "publishing",
    "Pulled": "pulling",
    "current": "device",
    "publish": "publishing",
    "pull": "pulling",
    "refresh": "publishing",
    "rollback": "device",
    "withdraw": "publishing",
}

if not TYPE_CHECKING:  # or every name would seem to exist

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = f"{__name__}.{_HOMES[name]}"
        try:
            return getattr(import_module(home), name)
        except ModuleNotFoundError as e:
            from nntc.extras import missing_extra

            better = missing_extra(e, f"nntc.delivery.{name}")
            if better is None:
                raise
            raise better from e
