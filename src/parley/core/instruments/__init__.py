"""What people say on a line: one file an instrument, with its bodies, its table of states and its fold."""
