"""The demo: the whole main job on this machine, watched from both ends."""
