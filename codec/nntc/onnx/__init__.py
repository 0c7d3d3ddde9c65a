"""ONNX files: the protobuf walker, tensors, data types, operators, and what each tensor is to its network."""
