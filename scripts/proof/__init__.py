"""The proof: a history of what buyers were told, the checker of the promises, the simulator and the sabotage.

The one place that may import both the function's insides and the shop's.
"""
