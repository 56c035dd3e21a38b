"""Reports of a run: on the terminal, as one HTML page, as JUnit and as JSON; and the difference of two runs."""
