"""What shops ask of rooms above, by name; `kamen/wiring.py` ties each to exactly one function."""

from datetime import timedelta

from timeline.hooks import Hook

#: (shop) → fen that open cases may still cost it beyond escrow and pending money.
exposed: Hook[..., int] = Hook("shops.exposed")
#: (shop, user) → whether `user` ever ordered there.
bought_from: Hook[..., bool] = Hook("shops.bought_from")
#: (shop) → fen that it still owes buyers because nobody had them when they were awarded.
owed_to_buyers: Hook[..., int] = Hook("shops.owed_to_buyers")
#: (shop, at) → the fen that it must deposit by what it sold and what came back until then.
required: Hook[..., int] = Hook("shops.required")
#: (listing) → whether an open report keeps it off sale.
reported: Hook[..., bool] = Hook("shops.reported")
#: (batch) → whether an alarm over it is open: then nobody sells it again but by lifting the alarm.
recalled: Hook[..., bool] = Hook("shops.recalled")
#: (shop, since, until) → whether a case against it is open at the end, and for how long at least one was since then.
case_time: Hook[..., tuple[bool, timedelta]] = Hook("shops.case_time")
