"""How what was bought gets to its buyer: from the stock, by hand, by a supplier, or by the shop's own system.

Each way begins when an order is paid and can be called back. Whoever delivers, a unit is handed over in one place
(`handing`), under the order's lock, once. docs/decisions/0025 says why.
"""
