"""Bits: read bit fields and Exp-Golomb numbers from bytes, never past their end."""

from tailrace.errors import PeerError

# Rec. ITU-T H.264 9.1: ue(v) has at most 32 leading zeros.
_MAX_LEADING_ZEROS = 32


class BitReader:
    """Reads `data` from its most significant bit on. Every read raises PeerError when too few bits are left."""

    __slots__ = ("_left", "_value", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8
        self._what = what

    def bits(self, count: int) -> int:
        """Return the next `count` bits as an unsigned number."""
        if count > self._left:
            raise PeerError(f"{self._what} ends in the middle of a field")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        """Return the next bit."""
        return self.bits(1) == 1

    def unsigned(self, limit: int) -> int:
        """Return the next ue(v), which must not exceed `limit`."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > _MAX_LEADING_ZEROS:
                raise PeerError(f"{self._what} has an Exp-Golomb number of more than 32 bits")
        value = (1 << zeros) - 1 + self.bits(zeros)
        if value > limit:
            raise PeerError(f"{self._what} has a value of {value} where at most {limit} is allowed")
        return value

    def signed(self) -> int:
        """Return the next se(v)."""
        code = self.unsigned((1 << 32) - 2)
        return (code + 1) // 2 if code % 2 else -(code // 2)
