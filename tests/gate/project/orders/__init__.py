# SPDX-License-Identifier: Apache-2.0
"""Orders, and what is done with them."""
from orders.basket import Basket, burst, serve

__all__ = ["Basket", "burst", "serve"]
