"""Platforms that libnntc is built for and run on, each in an emulator of this machine."""
