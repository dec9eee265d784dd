"""Every action of the app, once: bindings, footer, help, palette, key map and docs are made from these tables."""
