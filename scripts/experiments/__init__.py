"""Experiments for the Chaos Toolkit: the files, what they do to a shop, what they ask of it, and what runs them."""
