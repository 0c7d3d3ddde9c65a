"""Networks of the project's own, with everything needed to train them again; no part of the package."""
