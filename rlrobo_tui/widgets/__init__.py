"""The parts that screens are made of; each draws a RunView or a piece of one."""
