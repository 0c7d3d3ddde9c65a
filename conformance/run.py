"""Run the vectors against any decoder; needs nothing but the standard library (`--help` says more)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "codec"))

from nntc.conformance.main import main

if __name__ == "__main__":
    sys.exit(main())
