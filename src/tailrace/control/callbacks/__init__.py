"""Callbacks: what the events of an app's tasks and rooms are sent to its receiver as (spec/04)."""
