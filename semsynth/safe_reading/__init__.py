"""Files of others, read as data: nothing in them can run code, or takes more memory than they are long."""
