"""The deterministic simulation: the shop's and the function's own code, run in simulated time on simulated parts.

What is real: the function (`functions.orders.service` and all below it), the shop's call, its pending purchases and
their workers, the buyer's steps. What is simulated: time, the network, PostgreSQL, and the ends of processes.
"""
