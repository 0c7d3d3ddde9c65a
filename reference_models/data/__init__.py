"""Data sets, whatever form they are found in. Nothing is fetched."""
