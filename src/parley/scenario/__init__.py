"""The scenario format and its player: parties, lines, steps and expectations on a virtual clock."""
