"""Fitting what a provider returned onto what was sent: place, colours, seams."""
