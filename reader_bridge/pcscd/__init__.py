"""A rootless PC/SC service that libpcsclite talks to.

Read in this order: `messages` (bytes), `grammar` (bytes to requests and back), `readers` and `table` (state),
`resources` (what each SCard function does), `engine` (threads), `session` (one client), `server` (the socket).
"""
