"""The page of `--report`: what was coded how, for a browser."""

from nntc.encoder.page.page import check_page, make_page

__all__ = ["check_page", "make_page"]
