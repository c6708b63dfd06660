"""What the product decides: frozen values and state machines, without I/O or a clock."""
