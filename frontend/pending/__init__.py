"""Purchases that were accepted without an answer of the function: kept durably, and sent again until one is decided."""
