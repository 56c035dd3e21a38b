"""What `make bench` measures, one module per question. Ours and its floor always run in turns in one process."""
