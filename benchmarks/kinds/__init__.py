"""Networks that are no image classifiers: size at 99 % fidelity of what each of them is made for."""
