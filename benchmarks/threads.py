"""One thread for numpy's and a peer's matrix libraries; they read these variables when they are loaded."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
