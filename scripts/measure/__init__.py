"""How fast the order function is, beside what the machine and the framework can do at all."""
