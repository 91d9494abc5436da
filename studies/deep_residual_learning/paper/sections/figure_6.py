"""Figure 6 of the paper: the training of plain and of residual networks."""

TITLE = "Figure 6: training plain and residual networks"
