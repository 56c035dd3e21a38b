"""The renewal client on a terminal: Textual screens over `host_tools.renewal.visit`."""
