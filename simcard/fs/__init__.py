"""Where: MF, DF and EF, their descriptors, bodies and records, and the selection of one."""
