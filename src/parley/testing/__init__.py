"""What is shipped for testing: contract checks and the simulator; nothing in the product imports it."""
