"""One module per API action."""
