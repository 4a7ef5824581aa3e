"""Break-glass: signed, short permissions to go on when policies must not stand in the way."""
