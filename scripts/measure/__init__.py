"""How fast the order function is, beside what the machine can do at all, and the buyers' path, beside a plain shop."""
