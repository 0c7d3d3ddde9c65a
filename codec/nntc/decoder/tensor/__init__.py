"""TENSOR sections: records, and what turns their tokens into payload bytes."""
