"""What a network does with samples of its inputs: statistics and sensitivities to encode it by."""
