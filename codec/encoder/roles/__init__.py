"""What each tensor of a model is to its network: its role, its matrix view and the node that uses it."""

from codec.encoder.roles.find import find_roles
from codec.encoder.roles.inputs import non_negative_inputs
from codec.encoder.roles.role import Role, TensorRole

__all__ = ["Role", "TensorRole", "find_roles", "non_negative_inputs"]
