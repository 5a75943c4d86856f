"""What tools, scripts and pages call."""
