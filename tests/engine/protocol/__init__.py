"""Tests of the contract: files, events, commands, configuration."""
