"""Who people are: users, staff roles, membership levels, suspensions."""
