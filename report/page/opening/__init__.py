"""The parts of the report's first answer: the headline and the tiles."""
