"""The windows of Overpaint. Only these modules use GTK; they are imported when one is opened."""
