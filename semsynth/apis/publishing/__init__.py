"""Published folders: models for others, to be read without running anything in them."""
