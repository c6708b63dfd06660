"""The structures of the relay actions' requests (spec/02 and spec/03), one module per noun."""
