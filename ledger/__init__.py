"""Where money is and how it moves; the gateways to the outside."""
