"""Ports: whether one is free, asked before anything is started that would listen there."""

import socket


def check_free(host: str, port: int, *, datagrams: bool) -> None:
    """Raise OSError when `port` of `host` cannot be listened on: a UDP port if `datagrams`, else a TCP port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not datagrams:
        socket.create_server((host, port), family=family).close()
        return
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, port))
