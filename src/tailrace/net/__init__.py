"""asyncio drivers: sockets around the cores of `wire`."""
