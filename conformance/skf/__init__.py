"""Judging a library of the SKF interface (GM/T 0016) by its C functions, whoever made it."""
