"""Statistics as pure functions of numbers: effects over seeds, looks, power, test images."""
