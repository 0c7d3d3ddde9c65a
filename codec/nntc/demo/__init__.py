"""Data of `nntc demo`: a small trained network and the 500 images it was not trained on.

`digits.npz` holds `images`, uint8 (500, 8, 8) in 0..16, and `labels`, uint8 (500,) in 0..9; the network's
input is the images as float32 divided by 16, with a channel axis: (N, 1, 8, 8). The images are the last 500
of scikit-learn's `load_digits`, from E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits",
UCI Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49, licence CC BY 4.0; nothing but the
selection and the storage type was changed. `reference_models/digits` in the source repository trains the
network.
"""
