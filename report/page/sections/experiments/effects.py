"""The effects of all arms."""

TITLE = "Every effect"
