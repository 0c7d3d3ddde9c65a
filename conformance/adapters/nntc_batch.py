"""Our decoder for `--batch`: `python -m conformance.adapters.nntc_batch`; an example to follow."""

from __future__ import annotations

import json
import sys

from nntc.decoder.model import decode
from nntc.errors import FormatError, NntcError, UnsupportedError


def answer(source: str, target: str, base: list[str]) -> dict[str, str | int | None]:
    """Decode a file; return what the runner is to be told."""
    try:
        decode(source, target, base=base)
    except FormatError as e:
        status = "unsupported" if isinstance(e, UnsupportedError) else "rejected"
        return {"status": status, "error": e.id, "offset": e.offset}
    except (NntcError, OSError, MemoryError) as e:
        return {"status": "failed", "text": str(e)}
    return {"status": "accepted"}


def main() -> None:
    """Answer every line."""
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.write(
            json.dumps(answer(request["input"], request["output"], request.get("base", []))) + "\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
