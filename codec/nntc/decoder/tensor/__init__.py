"""TENSOR sections: records, and what turns their tokens into payload bytes.

Implements SPEC.md 7 and 9.3.
"""
