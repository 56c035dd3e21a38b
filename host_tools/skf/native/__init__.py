"""The inside of libsimcard_skf.so: what the C functions do, over the Python API of the folder above.

`scripts/build_skf` makes the library from `simcard_skf.h`, `start.c` and `pcsc.c`; the interpreter in it imports
`bind`, which gives every declared function its body.
"""
