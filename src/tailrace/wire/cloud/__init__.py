"""Cloud API 3.0 on the wire: signatures, request decoding, answers (spec/01)."""
