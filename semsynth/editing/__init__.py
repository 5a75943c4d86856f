"""Editing of scenes: pure functions on label and instance maps, and what holds their results."""
