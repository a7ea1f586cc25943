"""Takes FlameTickets to a Knative cluster, and operates it there."""
