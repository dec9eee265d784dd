"""An AWS to test against: moto in our process, with what it lacks, and instances that boot their user data."""
