"""Run the conformance vectors against any decoder; check the files of any encoder.

All modules but `check` import the standard library alone, so that `conformance/run.py` works in a checkout
where nothing has been installed. The vectors, and what each promises, are in `conformance/` of the checkout.
"""
