"""The ISO door: the file system and the commands of ISO/IEC 7816-4, -8 and -9."""
