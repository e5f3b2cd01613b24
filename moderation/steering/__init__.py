"""Between a document and its ruling: backtests on what is recorded, and the guard that takes back what floods."""
