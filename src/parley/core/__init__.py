"""Everything the spec says, and nothing that touches the world: bytes, time and entropy are arguments."""
