"""The control process: Cloud API."""
