"""Delivery over the air under faults: what a pull costs, and what a device uses after it was killed."""
