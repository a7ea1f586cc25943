"""The sale: buyers that behave like people and browsers, and the load that drives them and writes the history."""
