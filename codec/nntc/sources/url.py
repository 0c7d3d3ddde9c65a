"""Sources for URLs, each behind a cache that reads ahead."""

from __future__ import annotations

from nntc.sources.cache import CachedSource, Ranges
from nntc.sources.source import FileSource


def open_url(url: str) -> CachedSource | FileSource:
    """Return a source for a URL.

    http and https need nothing but Python; file is a path; all other schemes, such as s3, gs, hf or memory,
    are those of fsspec.

    Raises
    ------
    SourceError
        E_SOURCE: it cannot be read.
    ImportError
        The scheme needs a package that is not installed.
    """
    scheme = url.partition(":")[0].lower()
    if scheme == "file":
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        return FileSource(url2pathname(urlsplit(url).path))
    ranges: Ranges
    if scheme in ("http", "https"):
        from nntc.sources.http import HttpRanges

        ranges = HttpRanges(url)
    else:
        from nntc.sources.remote import FsspecRanges

        ranges = FsspecRanges(url)
    return CachedSource(ranges)
