"""What is shown, as plain values: rows, findings, tables, the decision map, conditions of a run."""
