"""From run records to tables, figures and the page; imports neither torch nor resnet."""
