"""Tests of the package for web pages."""
