"""Ways to a card: in this process, through PC/SC, and recorded. All are `CardLink`s."""
