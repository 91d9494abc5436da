"""What the paper printed, published beside measured."""
