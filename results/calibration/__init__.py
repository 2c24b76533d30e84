"""What a machine was found to be, read from its calibration file."""
