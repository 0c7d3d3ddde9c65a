"""Integers of a float model, made by onnxruntime's quantization tools and then coded on their grid."""
