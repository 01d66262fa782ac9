"""A run, or the exchanges of a cassette, told for people: in a terminal, or on a page of its own."""
