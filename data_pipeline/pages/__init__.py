"""The look that all HTML reports share: a page to extend, charts, and players of sound. Knows no report."""
