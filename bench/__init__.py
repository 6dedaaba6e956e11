"""What is measured of an end, and how: run by `./run bench`. Nothing of the product imports it."""
