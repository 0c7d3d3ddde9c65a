"""Updates: files that are decoded with the help of a base (SPEC.md, clause 6.7).

`base` opens a base, `matching` finds for each tensor the one it came from, `ranges` finds graph bytes again.
`weights` chooses how the change of a large tensor is coded, `small` and `exact` code the others, `plan` puts
them together.
"""
