"""How quick and how light the app is: it is started in a terminal of its own, and what it draws is read."""
