"""What charts are drawn with: style, axes, panels of dots, lanes, SVG."""
