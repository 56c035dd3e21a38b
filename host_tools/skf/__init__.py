"""GM/T 0016: the SKF interface to tokens, as a typed Python API and as the C library built from it.

`Device` is a token behind any `CardLink`; it gives `Application`s, they give `Container`s, and those `SessionKey`s.
Errors are `SkfError`s with the SAR code of the standard. `host_tools.skf.native` is the C library's inside.
"""
