"""The built-in tasks as data, one module for each family; importing it loads neither physics nor numpy."""
