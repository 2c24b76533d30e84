"""From rows of the frame to estimates of cells."""
