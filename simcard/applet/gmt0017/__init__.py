"""The door of GM/T 0017: a smart token's commands over the card's own PINs, files, containers and certificates."""
