"""The shop in this process, on a fake of the order function: what buyers read are its real answers and pages."""

from tests.frontend.conftest import app, http, orders, pending, settings

__all__ = ["app", "http", "orders", "pending", "settings"]
