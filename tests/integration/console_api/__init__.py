"""The console over HTTP, as its pages use it."""
