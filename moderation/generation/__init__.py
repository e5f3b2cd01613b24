"""The workflow of a generation: its state machine, its commands, its jobs and the generators behind them."""
