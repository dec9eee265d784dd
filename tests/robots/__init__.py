"""Tests of the robots package."""
