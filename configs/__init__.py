"""YAML that a person would type, and tuned settings."""
