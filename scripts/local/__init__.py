"""The local stack: the real parts, as processes of one machine. Importing the package loads nothing."""
